/** Instagram: containers that are filled, waited for and published, and what most often stands in their way. */
import { film } from '../../support/film';
import { expect } from '../../support/fixtures';
import { suite } from '../../support/network';

const text = 'From clay to cup, in twelve seconds. #pottery';
const comment = 'Which step is your favourite?';

suite({
  platform: 'instagram',
  text,
  comment,
  compose: async ({ posts }) => {
    await posts.attachFilm('cup.mp4', film(720, 1280, 12));
    const options = await posts.openOptions('instagram');
    await options.getByRole('radio', { name: 'Reel' }).check();
    await options.getByLabel('Cover').fill('2.5');
    await options.getByRole('checkbox', { name: /^Show the reel among the posts/ }).uncheck();
    await options.getByLabel('First comment').fill(comment);
  },
  connecting: [
    {
      call: 'GET /oauth/authorize',
      query: { response_type: 'code', scope: expect.stringContaining('instagram_business_content_publish'), state: expect.any(String) },
    },
    { call: 'POST /oauth/access_token', body: { grant_type: 'authorization_code' } },
    { call: 'GET /access_token', query: { grant_type: 'ig_exchange_token' } },
    { call: 'GET /+/me', query: { fields: expect.stringMatching(/user_id.*username/) } },
  ],
  publishing: ({ post }) => [
    // The quota is read, not guessed.
    { call: 'GET /+/{id}/content_publishing_limit', query: { fields: 'config,quota_usage' } },
    {
      call: 'POST /+/{id}/media',
      body: {
        media_type: 'REELS',
        video_url: expect.stringMatching(/^http/),
        caption: text,
        thumb_offset: '2500',
        share_to_feed: 'false',
      },
    },
    { call: 'GET /+/+', query: { fields: 'status_code,status' } },
    { call: 'POST /+/{id}/media_publish', body: { creation_id: expect.any(String) } },
    { call: `GET /+/${post.id}`, query: { fields: expect.stringContaining('permalink') } },
    { call: `POST /+/${post.id}/comments`, body: { message: comment } },
  ],
  made: { media: [{ type: 'video/mp4' }] },
  faults: [
    {
      name: 'a container that takes its time is waited for',
      happens: async scene => {
        await scene.fault({ operation: 'upload', fault: 'slow_processing', slow_ms: 6_000 });
        await scene.send({ body: 'Slow glaze, slow upload.', media_assets: [await scene.picture()] });
        await expect(scene.row).toContainText('Instagram is processing the media, step 2 of 3', { timeout: 20_000 });
        await scene.comesTo('success');
        expect((await scene.published()).filter(text => text === 'Slow glaze, slow upload.')).toHaveLength(1);
      },
    },
    {
      name: 'a picture that Instagram cannot use is replaced, and the post sent again',
      happens: async scene => {
        await scene.fault({ operation: 'upload', fault: 'status', status: 400, code: 36_003, subcode: 2_207_009 });
        await scene.send({ body: 'The whole shelf.', media_assets: [await scene.picture()] });
        await scene.comesTo('failed', 'Instagram takes pictures between 4:5 upright and 1.91:1 wide.');
        await expect(scene.row).toContainText('Replace the media');
        await scene.page.getByRole('link', { name: 'Edit and send again' }).click();
        await expect(scene.posts.text).toHaveValue('The whole shelf.');
        await scene.page.getByRole('button', { name: /^Remove/ }).first().click();
        await scene.posts.attachPicture('shelf.jpg', 1080, 1350);
        await scene.posts.save();
        await scene.comesTo('success');
        expect(await scene.published()).toContain('The whole shelf.');
      },
    },
    // Last: the account rests until the limit ends.
    {
      name: 'a used-up daily limit: the post waits for its end, says so, and can be taken back',
      happens: async scene => {
        await scene.fault({ operation: 'publish', fault: 'status', status: 403, code: 9 });
        await scene.send({ body: 'One more today?', media_assets: [await scene.picture()] });
        await scene.comesTo('retried', /limit/);
        await scene.row.getByRole('button', { name: /^Cancel/ }).click();
        await scene.comesTo('canceled');
        expect(await scene.published()).not.toContain('One more today?');
      },
    },
  ],
});
