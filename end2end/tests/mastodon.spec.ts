/**
 * The platform that was added last, from its consent page to the post: what is shown of it comes from its descriptor.
 */
import { expect, test } from '../support/fixtures';
import { png } from '../support/picture';

test('a post with a picture goes to a Mastodon account, for those it was meant for', async ({
  accounts,
  client,
  deliveries,
  noBarriers,
  posts,
  sandbox,
}) => {
  const profile = await sandbox.account('mastodon', `Linden Press ${client.email.slice(5, 9)}`);
  await accounts.connect(profile);
  await posts.compose();
  const link = `https://linden.example/${'catalogue/'.repeat(40)}`;
  await posts.text.fill(`The autumn list is here: ${link}`);
  await posts.attach('list.png', 'image/png', png(640, 480, [96, 120, 90]));
  await posts.alt(1).fill('Six book covers on a shelf');
  await noBarriers('the composer, with Mastodon');
  // An address counts 23 characters however long it is, so this fits.
  await posts.save();
  await deliveries.expectStatus(profile, 'success');

  const [post, ...more] = await sandbox.posts(profile);
  expect(more).toHaveLength(0);
  expect(post.text).toBe(`The autumn list is here: ${link}`);
  expect(post.media.map(medium => medium.alt_text)).toEqual(['Six book covers on a shelf']);
});
