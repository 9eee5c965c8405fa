/** TikTok: the creator is asked first, nothing is preset, and what most often stands in the way. */
import { film } from '../../support/film';
import { expect } from '../../support/fixtures';
import { suite } from '../../support/network';

const text = 'Twelve bowls in twelve seconds #pottery';
const clip = film(720, 1280, 12);

suite({
  platform: 'tiktok',
  text,
  // A post for its creator alone has no address.
  addressed: false,
  compose: async ({ posts }) => {
    await posts.attachFilm('bowls.mp4', clip);
    const form = await posts.openOptions('tiktok');
    await form.getByRole('radio', { name: 'Only you' }).check();
    await form.getByRole('checkbox', { name: 'Comment' }).check();
    await form.getByRole('checkbox', { name: /^This post promotes/ }).check();
    await form.getByRole('checkbox', { name: 'Your brand' }).check();
    await form.getByRole('checkbox', { name: 'Made with AI' }).check();
  },
  connecting: [
    {
      call: 'GET /v2/auth/authorize/',
      query: { client_key: expect.any(String), response_type: 'code', scope: expect.stringContaining('video.publish') },
    },
    { call: 'POST /v2/oauth/token/', body: { client_key: expect.any(String), grant_type: 'authorization_code' } },
    { call: 'GET /v2/user/info/', query: { fields: expect.stringMatching(/open_id.*display_name/) } },
  ],
  publishing: () => [
    // Before every post, whatever the composer has asked already.
    { call: 'POST /v2/post/publish/creator_info/query/' },
    {
      call: 'POST /v2/post/publish/video/init/',
      body: {
        post_info: {
          title: text,
          privacy_level: 'SELF_ONLY',
          disable_comment: false,
          disable_duet: true,
          disable_stitch: true,
          brand_content_toggle: false,
          brand_organic_toggle: true,
          is_aigc: true,
        },
        source_info: { source: 'FILE_UPLOAD', video_size: clip.length, chunk_size: clip.length, total_chunk_count: 1 },
      },
    },
    { call: 'PUT /video/', query: { upload_id: expect.any(String) }, headers: { 'content-range': `bytes 0-${clip.length - 1}/${clip.length}`, 'content-type': 'video/mp4' } },
    { call: 'POST /v2/post/publish/status/fetch/', body: { publish_id: expect.any(String) } },
  ],
  made: { media: [{ type: 'video/mp4' }], extra: { settings: { privacy_level: 'SELF_ONLY' } } },
  faults: [
    {
      name: 'a post without an audience lies with its creator, who publishes it in the app',
      happens: async scene => {
        await scene.send({ body: 'Which glaze?', media_assets: [await scene.picture()] });
        await scene.comesTo('retried', /^.*Lies in the inbox of .* on TikTok, to be finished there/);
        await expect(scene.page.getByText('Nothing is public yet')).toBeVisible();
        await scene.sandbox.inbox(scene.account, 'post');
        await scene.comesTo('success');
      },
    },
    {
      name: 'a creator who throws the post away: that is said, and it can be sent once more',
      happens: async scene => {
        await scene.send({ body: 'Which clay?', media_assets: [await scene.picture()] });
        await scene.comesTo('retried', 'Lies in the inbox of');
        await scene.sandbox.inbox(scene.account, 'cancel');
        await scene.comesTo('failed', 'The creator has cancelled this post at TikTok.');
        await scene.row.getByRole('button', { name: /^Retry/ }).click();
        await scene.comesTo('retried', 'Lies in the inbox of');
        await scene.sandbox.inbox(scene.account, 'post');
        await scene.comesTo('success');
      },
    },
    {
      name: 'access that the creator has taken back is told by TikTok itself, before anything is sent',
      happens: async scene => {
        await scene.accounts.open();
        await expect(scene.accounts.switch(scene.account)).toBeChecked();
        await scene.sandbox.revoke(scene.account);
        const again = scene.page.getByRole('link', { name: `Reconnect ${scene.account.name} to TikTok` });
        await expect(again).toBeVisible({ timeout: 20_000 });
        await again.click();
        await scene.consent();
        await expect(scene.accounts.switch(scene.account)).toBeChecked();
        const options = { tiktok: { tiktok: { privacy: 'SELF_ONLY' } } };
        await scene.send({ body: 'Back again.', media_assets: [await scene.picture()], options });
        await scene.comesTo('success');
      },
    },
  ],
});
