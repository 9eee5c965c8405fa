/** LinkedIn, as a member: a document with its title, words that survive their escaping, and what most often stands in the way. */
import { pdf } from '../../support/film';
import { expect } from '../../support/fixtures';
import { suite } from '../../support/network';

const text = 'Our spring catalogue (12 pages): bowls, plates & one_off pieces #pottery';
const escaped = 'Our spring catalogue \\(12 pages\\): bowls, plates & one\\_off pieces {hashtag|\\#|pottery}';
const comment = 'Orders until the 3rd of March.';
const headers = { 'linkedin-version': expect.stringMatching(/^20\d{4}$/), 'x-restli-protocol-version': '2.0.0' };

suite({
  platform: 'linkedin',
  text,
  comment,
  compose: async ({ posts }) => {
    await posts.attach('catalogue.pdf', 'application/pdf', pdf(12));
    const options = await posts.openOptions('linkedin');
    await options.getByLabel('Title of the document').fill('Spring catalogue');
    await options.getByLabel('First comment').fill(comment);
  },
  connecting: [
    {
      call: 'GET /oauth/v2/authorization',
      // No `prompt`, and no challenge: LinkedIn takes neither from an app like this.
      query: { response_type: 'code', scope: expect.stringContaining('w_organization_social'), state: expect.any(String) },
    },
    { call: 'POST /oauth/v2/accessToken', body: { grant_type: 'authorization_code' } },
    { call: 'GET /v2/userinfo' },
    { call: 'GET /rest/organizationAcls', headers, query: { q: 'roleAssignee', state: 'APPROVED' } },
  ],
  publishing: ({ post }) => [
    {
      call: 'POST /rest/documents',
      headers,
      query: { action: 'initializeUpload' },
      body: { initializeUploadRequest: { owner: expect.stringMatching(/^urn:li:person:/) } },
    },
    { call: 'PUT /dms-uploads/+/+/uploadedDocument' },
    {
      call: 'POST /rest/posts',
      headers,
      body: {
        author: expect.stringMatching(/^urn:li:person:/),
        commentary: escaped,
        visibility: 'PUBLIC',
        distribution: { feedDistribution: 'MAIN_FEED' },
        content: { media: { id: expect.stringMatching(/^urn:li:document:/), title: 'Spring catalogue' } },
        lifecycleState: 'PUBLISHED',
        isReshareDisabledByAuthor: false,
      },
    },
    {
      call: 'POST /rest/socialActions/+/comments',
      headers,
      body: { actor: expect.stringMatching(/^urn:li:person:/), object: post.id, message: { text: comment } },
    },
  ],
  made: { media: [{ type: 'application/pdf' }] },
  faults: [
    {
      name: 'a version of the API that has ended is nothing a user can mend, and no reason to lose the post',
      happens: async scene => {
        await scene.fault({ operation: 'publish', fault: 'sunset' });
        await scene.send({ body: 'We are hiring a thrower.' });
        await scene.comesTo('failed', 'LinkedIn has switched off the version of its API');
        await expect(scene.row).toContainText('This needs whoever runs this Arctiv');
        await scene.retry();
        expect(await scene.published()).toContain('We are hiring a thrower.');
      },
    },
    {
      name: 'a token that was revoked: the account is connected again, and the post sent',
      happens: async scene => {
        await scene.sandbox.revoke(scene.account);
        await scene.send({ body: 'The workshop has a second kiln.' });
        await scene.comesTo('failed', 'Reconnect the account, then retry.');
        await scene.reconnect();
        await scene.retry();
        expect(await scene.published()).toContain('The workshop has a second kiln.');
      },
    },
    {
      name: 'a role that is gone: the page’s admin gives it back, and the post is sent',
      happens: async scene => {
        await scene.fault({ operation: 'publish', fault: 'status', status: 403 });
        await scene.send({ body: 'Catalogue two is at the printer.' });
        await scene.comesTo('failed', 'ask for the missing role on the platform');
        await expect(scene.row.getByRole('link', { name: /^Reconnect/ })).toBeVisible();
        await scene.retry();
        expect(await scene.published()).toContain('Catalogue two is at the printer.');
      },
    },
  ],
});
