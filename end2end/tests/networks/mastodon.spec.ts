/** Mastodon: a key that makes a post once, and what most often stands in its way. */
import { film } from '../../support/film';
import { expect } from '../../support/fixtures';
import { suite } from '../../support/network';

const text = 'The autumn list, a week early, for whoever comes by.';
const comment = 'On paper from Monday.';

suite({
  platform: 'mastodon',
  text,
  comment,
  compose: async ({ posts }) => {
    await posts.attachFilm('list.mp4', film(1280, 720, 8));
    const options = await posts.openOptions('mastodon');
    await options.getByRole('radio', { name: 'Everyone, but not in public timelines' }).check();
    await options.getByLabel('First comment').fill(comment);
  },
  connecting: [
    {
      call: 'GET /oauth/authorize',
      query: { response_type: 'code', code_challenge_method: 'S256', scope: expect.stringMatching(/(?=.*write:statuses)(?=.*write:media)/) },
    },
    { call: 'POST /oauth/token', body: { grant_type: 'authorization_code', code_verifier: expect.any(String) } },
    { call: 'GET /api/v1/accounts/verify_credentials' },
  ],
  publishing: ({ post }) => [
    { call: 'POST /api/v2/media' },
    { call: 'GET /api/v1/media/+' },
    {
      call: 'POST /api/v1/statuses',
      headers: { 'idempotency-key': expect.stringMatching(/^\S{16,}$/) },
      body: { status: text, visibility: 'unlisted', 'media_ids[]': expect.any(String) },
    },
    { call: `GET /api/v1/statuses/${post.id}` },
    { call: 'POST /api/v1/statuses', body: { status: comment, in_reply_to_id: post.id, visibility: 'unlisted' } },
  ],
  made: { media: [{ type: 'video/mp4' }] },
  faults: [
    {
      name: 'too many at once: the post waits until the instance says, and goes out by itself, once',
      happens: async scene => {
        await scene.fault({ operation: 'publish', fault: 'status', status: 429, retry_after: 4 });
        await scene.send({ body: 'Reading on Thursday.' });
        await scene.comesTo('retried');
        await scene.comesTo('success');
        expect((await scene.published()).filter(text => text === 'Reading on Thursday.')).toHaveLength(1);
      },
    },
    {
      name: 'an answer that is lost makes no second post',
      happens: async scene => {
        await scene.fault({ operation: 'publish', fault: 'drop_after_accept' });
        await scene.send({ body: 'Signed copies are here.' });
        await scene.comesTo('success');
        expect((await scene.published()).filter(text => text === 'Signed copies are here.')).toHaveLength(1);
      },
    },
    {
      name: 'an account that its instance has restricted gets nothing more, until its owner has mended that',
      happens: async scene => {
        await scene.fault({ operation: 'publish', fault: 'status', status: 403 });
        await scene.send({ body: 'The shop is open.' });
        await scene.comesTo('failed', 'The instance has restricted this account.');
        await expect(scene.row).toContainText('resolve what it asks for, reconnect the account here, then retry');
        await scene.reconnect();
        await scene.retry();
        expect(await scene.published()).toContain('The shop is open.');
      },
    },
  ],
});
