/** X: media in pieces, words last, and what most often stands in their way. */
import { film } from '../../support/film';
import { expect } from '../../support/fixtures';
import { suite } from '../../support/network';

const text = 'Throwing a bowl, start to finish. Café-au-lait glaze next.';
const comment = 'Clay: 2 parts ball, 1 part grog.';
const clip = film(1280, 720, 20);

suite({
  platform: 'twitter',
  text,
  comment,
  compose: async ({ posts }) => {
    await posts.attachFilm('bowl.mp4', clip);
    const options = await posts.openOptions('twitter');
    await options.getByLabel('First comment').fill(comment);
  },
  connecting: [
    {
      call: 'GET /i/oauth2/authorize',
      query: {
        response_type: 'code',
        code_challenge_method: 'S256',
        scope: expect.stringMatching(/(?=.*tweet\.write)(?=.*media\.write)(?=.*offline\.access)/),
      },
    },
    {
      call: 'POST /2/oauth2/token',
      headers: { authorization: expect.stringMatching(/^Basic /) },
      body: { grant_type: 'authorization_code', code_verifier: expect.any(String) },
    },
    { call: 'GET /2/users/me' },
  ],
  publishing: ({ post }) => [
    {
      call: 'POST /2/media/upload/initialize',
      body: { media_type: 'video/mp4', total_bytes: clip.length, media_category: 'tweet_video' },
    },
    { call: 'POST /2/media/upload/+/append', body: { segment_index: '0', media: { bytes: clip.length } } },
    { call: 'POST /2/media/upload/+/finalize' },
    { call: 'GET /2/media/upload', query: { command: 'STATUS', media_id: expect.any(String) } },
    // Composed characters: that is how X counts.
    { call: 'POST /2/tweets', body: { text: text.normalize('NFC'), media: { media_ids: [expect.any(String)] } } },
    { call: 'POST /2/tweets', body: { text: comment, reply: { in_reply_to_tweet_id: post.id } } },
  ],
  made: { media: [{ type: 'video/mp4' }] },
  faults: [
    {
      name: 'the same words again are refused as a duplicate, changed, and sent',
      happens: async scene => {
        await scene.send({ body: 'Open until six.' });
        await scene.comesTo('success');
        await scene.send({ body: 'Open until six.' });
        await scene.comesTo('failed', 'The platform already has this text. Change it if it should go out again.');
        await scene.page.getByRole('link', { name: 'Edit and send again' }).click();
        await expect(scene.posts.text).toHaveValue('Open until six.');
        await scene.posts.text.fill('Open until six today, too.');
        await scene.posts.save();
        await scene.comesTo('success');
        expect((await scene.published()).slice(-2)).toEqual(['Open until six.', 'Open until six today, too.']);
      },
    },
    {
      name: 'too many at once: the post waits until X says, and goes out by itself, once',
      happens: async scene => {
        await scene.fault({ operation: 'publish', fault: 'status', status: 429, retry_after: 4 });
        await scene.send({ body: 'Kiln opening at noon.' });
        await scene.comesTo('retried');
        await scene.comesTo('success');
        expect((await scene.published()).filter(text => text === 'Kiln opening at noon.')).toHaveLength(1);
      },
    },
    {
      name: 'an app that its owner has thrown out at X: connected again, and the post sent',
      happens: async scene => {
        await scene.sandbox.revoke(scene.account);
        await scene.send({ body: 'Two places left on Sunday.' });
        await scene.comesTo('failed', 'Reconnect the account, then retry.');
        await scene.reconnect();
        await scene.retry();
        expect(await scene.published()).toContain('Two places left on Sunday.');
      },
    },
  ],
});
