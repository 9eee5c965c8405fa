/** The library: files of every kind brought in, described, found, used, removed and brought back. */
import { writeFile } from 'node:fs/promises';
import { Media } from '../pages/media';
import { App, expect, test } from '../support/fixtures';
import { film, pdf } from '../support/film';
import { png } from '../support/picture';

const picture = (name: string, colour: [number, number, number] = [140, 90, 60]) => ({
  name,
  mimeType: 'image/png',
  buffer: png(600, 600, colour),
});
const walk = { name: 'harbour-walk.mp4', mimeType: 'video/mp4', buffer: film(720, 1280, 42) };
const menu = { name: 'menu.pdf', mimeType: 'application/pdf', buffer: pdf(3) };

test('files of every kind are added, described, tagged and found', async ({ client, media, noBarriers, page }) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  await media.open();
  await expect(page.getByText('Your library is empty')).toBeVisible();
  await noBarriers('an empty library');

  await page.getByText('What each network takes').click();
  await expect(page.getByText(/4:5 to 1\.91:1/)).toBeVisible();
  await media.add(picture('cups.png'), walk, menu);
  await expect(media.tile('cups.png')).toContainText('600 × 600');
  await expect(media.tile('harbour-walk.mp4')).toContainText('42 s');
  await expect(media.tile('menu.pdf')).toContainText('3 pages');
  await noBarriers('the library');

  await media.add({ ...picture('other-name.png') });
  await expect(page.getByText('cups.png is already in your library')).toBeVisible();

  await media.show('harbour-walk.mp4');
  await expect(page.getByText('H.264 without sound, 30 frames a second')).toBeVisible();
  await media.alt.fill('A walk along the harbour');
  await media.tags.fill('#Winter, harbour');
  await media.save();
  await expect(media.tags).toHaveValue('harbour, winter');
  await noBarriers('a video of the library');

  await media.open();
  await page.getByLabel('Search media').fill('along the');
  await expect(media.tile('harbour-walk.mp4')).toBeVisible();
  await expect(media.tile('cups.png')).toHaveCount(0);
  await expect(page).toHaveURL(/q=along%20the/);
  await page.getByRole('link', { name: 'Documents' }).click();
  await expect(page.getByText('Nothing fits these filters')).toBeVisible();
  await page.getByRole('link', { name: 'Clear filters' }).click();
  // With the list comes a menu of its own.
  await expect(media.tile('menu.pdf')).toBeVisible();
  await page.getByRole('button', { name: /^Tag/ }).click();
  await page.getByRole('link', { name: 'winter (1)' }).click();
  await expect(media.tile('harbour-walk.mp4')).toBeVisible();
  await expect(media.tile('menu.pdf')).toHaveCount(0);
});

test('what a post needs stays, what nobody needs goes and can come back', async ({ client, media, page, posts }) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  await media.open();
  await media.add(picture('bag.png', [40, 90, 70]), picture('plum.png', [120, 30, 60]));

  await posts.compose();
  await posts.text.fill('Plum and cocoa.');
  await page.getByRole('button', { name: 'Choose from library' }).click();
  const library = page.getByRole('dialog', { name: 'Choose from your library' });
  await library.getByRole('button', { name: 'bag.png' }).click();
  await library.getByRole('button', { name: 'Add 1 file' }).click();
  await expect(page.getByRole('button', { name: /Image 1 of 1/ })).toBeVisible();
  await posts.visibility('Keep private').check();
  await posts.save();

  await media.open();
  await media.show('bag.png');
  await expect(page.getByRole('link', { name: 'Plum and cocoa.' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Remove from library' })).toBeDisabled();

  await media.open();
  await media.show('plum.png');
  await page.getByRole('button', { name: 'Remove from library' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Remove from library' }).click();
  await expect(page).toHaveURL(/\/media$/);
  await expect(media.tile('plum.png')).toHaveCount(0);
  await page.getByRole('link', { name: 'Removed' }).click();
  await media.tile('plum.png').getByRole('button', { name: /Bring back/ }).click();
  await expect(page.getByText('plum.png is back in your library')).toBeVisible();
  await page.getByRole('link', { name: 'All', exact: true }).click();
  await expect(media.tile('plum.png')).toBeVisible();
});

test('an upload survives a lost connection, and can be held', async ({ client, media, page }) => {
  test.setTimeout(180_000);
  expect(client.kind).toBe('client');
  await media.open();
  // Three pieces; the second is lost on the way, once.
  let lost = 0;
  await page.route('**/api/media/uploads/*', async route => {
    const request = route.request();
    if (request.method() === 'PATCH' && request.headers()['upload-offset'] !== '0' && lost === 0) {
      lost += 1;
      return route.abort('internetdisconnected');
    }
    return route.continue();
  });
  const long = { name: 'long.mp4', mimeType: 'video/mp4', buffer: film(720, 1280, 60, 20 * 1024 * 1024) };
  await page.locator('#library-files').setInputFiles(long);
  await expect(media.upload('long.mp4').getByText(/Connection lost/)).toBeVisible({ timeout: 20_000 });
  await expect(media.tile('long.mp4')).toBeVisible({ timeout: 60_000 });
  expect(lost).toBe(1);

  // Held after its first piece.
  const asked: string[] = [];
  await page.unrouteAll();
  await page.route('**/api/media/uploads/*', async route => {
    const request = route.request();
    if (request.method() === 'PATCH') asked.push(request.headers()['upload-offset'] ?? '');
    if (request.method() === 'PATCH' && request.headers()['upload-offset'] !== '0') await new Promise(done => setTimeout(done, 3000));
    return route.continue().catch(() => {});
  });
  const other = { name: 'other.mp4', mimeType: 'video/mp4', buffer: film(720, 1280, 61, 20 * 1024 * 1024) };
  await page.locator('#library-files').setInputFiles(other);
  await expect.poll(() => asked.includes(String(8 * 1024 * 1024)), { timeout: 20_000 }).toBe(true);
  await page.getByRole('button', { name: 'Pause upload of other.mp4' }).click();
  await expect(media.upload('other.mp4').getByText(/Paused at/)).toBeVisible();
  await page.getByRole('button', { name: 'Resume upload of other.mp4' }).click();
  await expect(media.tile('other.mp4')).toBeVisible({ timeout: 60_000 });
  expect(asked.filter(offset => offset === '0'), 'the first piece was sent once').toHaveLength(1);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

test('an upload goes on where it was after the page was closed', async ({ baseURL, client, context, media, page }, info) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  // The same file again is known by its name, its size and its date.
  const path = info.outputPath('ferry.mp4');
  const bytes = film(720, 1280, 62, 20 * 1024 * 1024);
  await writeFile(path, bytes);
  await media.open();
  const piece = 8 * 1024 * 1024;
  await page.route('**/api/media/uploads/*', route => {
    const { 'upload-offset': offset } = route.request().headers();
    return offset === String(piece) ? route.abort('internetdisconnected') : route.continue();
  });
  await page.locator('#library-files').setInputFiles(path);
  await expect(media.upload('ferry.mp4').getByText(/Connection lost at 8\.0 MB/)).toBeVisible({ timeout: 20_000 });
  await page.close();

  const again = new Media(new App(await context.newPage()));
  const asked: string[] = [];
  again.app.page.on('request', request => {
    if (!request.url().startsWith(`${baseURL}/api/media`)) return;
    asked.push([request.method(), request.headers()['upload-offset'] ?? ''].join(' ').trim());
  });
  await again.open();
  await expect(again.tile('ferry.mp4')).toHaveCount(0);
  await again.app.page.locator('#library-files').setInputFiles(path);
  await expect(again.tile('ferry.mp4')).toBeVisible({ timeout: 60_000 });
  expect(asked.filter(one => one !== 'GET')).toEqual(['HEAD', `PATCH ${piece}`, `PATCH ${2 * piece}`]);
  // All of it is there, the first piece too.
  await again.show('ferry.mp4');
  const original = await again.app.page.request.get(`/api${new URL(again.app.page.url()).pathname}`);
  expect((await original.json()).data.bytes).toBe(bytes.length);
});

test('files are dropped anywhere on the page, and pasted', async ({ app, client, media, page }) => {
  test.setTimeout(60_000);
  expect(client.kind).toBe('client');
  let sent = 0;
  page.on('request', request => {
    if (request.method() === 'POST' && /\/api\/media(\/uploads)?$/.test(request.url())) sent += 1;
  });
  await media.open();
  const heading = page.getByRole('heading', { level: 1, name: 'Media' });
  expect(await media.drop(heading, picture('slate.png', [60, 70, 80]), picture('sand.png', [220, 200, 150]))).toBe(true);
  await expect(media.tile('slate.png')).toBeVisible();
  await expect(media.tile('sand.png')).toBeVisible();
  await expect(page.getByText('2 files added')).toBeVisible();

  // On the field itself they count once, as elsewhere.
  expect(await media.drop(page.getByText('Drag them here, paste, or choose'), picture('moss.png', [80, 100, 40]))).toBe(true);
  await expect(media.tile('moss.png')).toBeVisible();

  expect(await media.paste(page.locator('body'), picture('image.png', [30, 60, 120]))).toBe(true);
  await expect(media.tile('image.png')).toBeVisible();
  const search = page.getByLabel('Search media');
  expect(await media.paste(search, menu)).toBe(true);
  await expect(media.tile('menu.pdf')).toBeVisible();
  await expect(search).toHaveValue('');

  // Words are the browser’s to paste.
  expect(await media.paste(search, 'moss')).toBe(false);
  await expect(page).toHaveURL(/\/media$/);
  await page.reload();
  await app.alive();
  await expect(page.getByRole('list', { name: 'Media' }).getByRole('listitem')).toHaveCount(5);
  expect(sent, 'each file was sent once').toBe(5);
});

test('what is no media is refused with the reason', async ({ client, media, page }) => {
  expect(client.kind).toBe('client');
  await media.open();
  await page.locator('#library-files').setInputFiles({ name: 'page.mp4', mimeType: 'video/mp4', buffer: Buffer.from('<html>'.repeat(50)) });
  await expect(media.upload('page.mp4').getByText(/not a file we can take/)).toBeVisible();
  await page.getByRole('button', { name: 'Cancel upload of page.mp4' }).click();
  await expect(media.upload('page.mp4')).toHaveCount(0);
  await page.locator('#library-files').setInputFiles({ name: 'old.avi', mimeType: 'video/x-msvideo', buffer: Buffer.from('RIFF') });
  await expect(media.upload('old.avi').getByText(/does not take this kind of file/)).toBeVisible();
});

test('a video gets its poster from the browser that plays it', async ({ client, media, page }) => {
  test.setTimeout(60_000);
  expect(client.kind).toBe('client');
  await media.open();
  // Recorded here and now: two seconds of a red square, as a browser records a screen.
  const recorded = await page.evaluate(async () => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [320, 240];
    const context = canvas.getContext('2d')!;
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm;codecs=vp8' });
    const parts: Blob[] = [];
    recorder.ondataavailable = event => parts.push(event.data);
    const stopped = new Promise(done => (recorder.onstop = done));
    recorder.start();
    for (let frame = 0; frame < 60; frame++) {
      context.fillStyle = frame % 2 ? '#c02020' : '#c82020';
      context.fillRect(0, 0, 320, 240);
      await new Promise(done => setTimeout(done, 33));
    }
    recorder.stop();
    await stopped;
    return [...new Uint8Array(await new Blob(parts).arrayBuffer())];
  });
  await media.add({ name: 'recorded.webm', mimeType: 'video/webm', buffer: Buffer.from(recorded) });
  const face = media.tile('recorded.webm').locator('img');
  await expect(face).toHaveAttribute('src', /^\/media\/[0-9a-f-]+\/thumbnail\?/);
  const red = await face.evaluate(async (image: HTMLImageElement) => {
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const context = canvas.getContext('2d')!;
    context.drawImage(image, 0, 0);
    return [...context.getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data];
  });
  expect(red[0]).toBeGreaterThan(150);
  expect(red[1]).toBeLessThan(80);
});
