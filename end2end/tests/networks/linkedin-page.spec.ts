/** LinkedIn, as a company's Page: its own urn from upload to comment, pictures with their words, and a role that is taken away. */
import { expect } from '../../support/fixtures';
import { suite } from '../../support/network';
import { png } from '../../support/picture';

const text = 'Two new glazes and where they come from [celadon | tenmoku]';
const escaped = 'Two new glazes and where they come from \\[celadon \\| tenmoku\\]';
const headers = { 'linkedin-version': expect.stringMatching(/^20\d{4}$/), 'x-restli-protocol-version': '2.0.0' };

suite({
  platform: 'linkedin',
  kind: 'page',
  text,
  compose: async ({ posts }) => {
    await posts.attach('celadon.png', 'image/png', png(640, 480, [120, 160, 140]));
    await expect(posts.alt(1)).toBeVisible();
    await posts.attach('tenmoku.png', 'image/png', png(480, 640, [70, 40, 20]));
    await expect(posts.alt(2)).toBeVisible();
  },
  connecting: [
    { call: 'POST /oauth/v2/accessToken', body: { grant_type: 'authorization_code' } },
    { call: 'GET /v2/userinfo' },
    { call: 'GET /rest/organizationAcls', headers, query: { q: 'roleAssignee', state: 'APPROVED' } },
  ],
  publishing: () => [
    {
      call: 'POST /rest/images',
      headers,
      query: { action: 'initializeUpload' },
      body: { initializeUploadRequest: { owner: expect.stringMatching(/^urn:li:organization:/) } },
    },
    { call: 'PUT /dms-uploads/+/+' },
    {
      call: 'POST /rest/images',
      query: { action: 'initializeUpload' },
      body: { initializeUploadRequest: { owner: expect.stringMatching(/^urn:li:organization:/) } },
    },
    { call: 'PUT /dms-uploads/+/+' },
    {
      call: 'POST /rest/posts',
      headers,
      body: {
        author: expect.stringMatching(/^urn:li:organization:/),
        commentary: escaped,
        visibility: 'PUBLIC',
        content: { multiImage: { images: [expect.anything(), expect.anything()] } },
        lifecycleState: 'PUBLISHED',
      },
    },
  ],
  made: { media: [{ type: 'image/png' }, { type: 'image/png' }] },
  faults: [
    {
      name: 'an answer that got lost: the page is asked whether the post is there, and it is there once',
      happens: async scene => {
        await scene.fault({ operation: 'publish', fault: 'drop_after_accept' });
        await scene.send({ body: 'The kiln is cooling down.' });
        await scene.comesTo('success');
        expect((await scene.published()).filter(words => words === 'The kiln is cooling down.')).toHaveLength(1);
      },
    },
    {
      name: 'a role that is gone: the page’s admin gives it back, and the post is sent',
      happens: async scene => {
        await scene.fault({ operation: 'publish', fault: 'status', status: 403 });
        await scene.send({ body: 'Glaze samples are on the wall.' });
        await scene.comesTo('failed', 'ask for the missing role on the platform');
        await scene.retry();
        expect(await scene.published()).toContain('Glaze samples are on the wall.');
      },
    },
  ],
});
