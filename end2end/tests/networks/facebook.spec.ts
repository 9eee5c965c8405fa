/** Facebook Pages: a reel in three steps, and what most often stands in its way. */
import { film } from '../../support/film';
import { expect } from '../../support/fixtures';
import { suite } from '../../support/network';

const text = 'Glaze day in three minutes: ash, iron, and a little luck.';
const comment = 'The recipe: https://larch.example/ash-glaze';
const reel = film(720, 1280, 12);
const scopes = /pages_show_list.*pages_manage_posts|pages_manage_posts.*pages_show_list/;

suite({
  platform: 'facebook',
  text,
  comment,
  compose: async ({ posts }) => {
    await posts.attachFilm('glaze.mp4', reel);
    const options = await posts.openOptions('facebook');
    await options.getByRole('radio', { name: 'Reel' }).check();
    await options.getByLabel('First comment').fill(comment);
  },
  connecting: [
    { call: 'GET /+/dialog/oauth', query: { response_type: 'code', scope: expect.stringMatching(scopes), state: expect.any(String) } },
    { call: 'POST /+/oauth/access_token', body: { redirect_uri: expect.stringMatching(/\/api\/oauth\/facebook\/callback$/) } },
    // Short-lived until it is exchanged once more; a Page's own token has no end if it comes from the long-lived one.
    { call: 'POST /+/oauth/access_token', body: { grant_type: 'fb_exchange_token' } },
    { call: 'GET /+/me/permissions' },
    { call: 'GET /+/me/accounts', query: { fields: expect.stringMatching(/access_token.*tasks/), limit: '100' } },
  ],
  publishing: () => [
    { call: 'POST /+/{id}/video_reels', body: { upload_phase: 'start' } },
    // An earlier attempt may have sent some of it.
    { call: 'GET /+/+', query: { fields: 'status' } },
    { call: 'POST /video-upload/+/+', headers: { offset: '0', file_size: String(reel.length) } },
    {
      call: 'POST /+/{id}/video_reels',
      body: { upload_phase: 'finish', video_id: expect.any(String), video_state: 'PUBLISHED', description: text },
    },
    // Taken is not public: it is asked about until it is.
    { call: 'GET /+/+', query: { fields: expect.stringContaining('status') } },
    { call: 'POST /+/+/comments', body: { message: comment } },
  ],
  made: { media: [{ type: 'video/mp4' }], extra: { kind: 'reel' } },
  faults: [
    {
      name: 'a changed password ends the access: the account is connected again, and the post sent',
      happens: async scene => {
        await scene.fault({ operation: 'publish', fault: 'status', status: 400, code: 190, subcode: 460 });
        await scene.send({ body: 'Closed on Monday.' });
        await scene.comesTo('failed', 'Reconnect the account, then retry.');
        await scene.reconnect();
        await scene.retry();
        expect(await scene.published()).toContain('Closed on Monday.');
      },
    },
    {
      name: 'a permission that was taken away is named, given again, and the post sent',
      happens: async scene => {
        await scene.fault({ operation: 'publish', fault: 'without_scopes', scopes: ['pages_manage_posts'] });
        await scene.send({ body: 'Seconds sale on Friday.' });
        await scene.comesTo('failed', 'Reconnect the account and allow publishing');
        await scene.reconnect();
        await scene.retry();
        expect(await scene.published()).toContain('Seconds sale on Friday.');
      },
    },
    {
      name: 'an API version that has ended is nothing a user can mend, and no reason to lose the post',
      happens: async scene => {
        await scene.fault({ operation: 'publish', fault: 'sunset' });
        await scene.send({ body: 'The wheel course is full.' });
        await scene.comesTo('failed', 'This needs whoever runs this Arctiv');
        await expect(scene.row.getByRole('link', { name: /^Reconnect/ })).toHaveCount(0);
        // The update has come.
        await scene.retry();
        expect(await scene.published()).toContain('The wheel course is full.');
      },
    },
  ],
});
