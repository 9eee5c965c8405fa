/**
 * A large film on its way through: sent in pieces, inspected, kept, and handed to a network. What matters is the memory of Arctiv
 * meanwhile, which must not grow with the film.
 */
import { setTimeout as pause } from 'node:timers/promises';

import { call, json } from './http.mjs';
import { residentBytes } from './processes.mjs';

const PIECE = 8 * 1024 * 1024;
const MIB = 1024 * 1024;

/** Streams a film of `megabytes` to a Page of Facebook; seconds for each step, and how far memory rose above idle, bytes. */
export async function streamFilm({ person, accounts, pid, megabytes, say }) {
  const length = megabytes * MIB;
  const head = opening(length);
  await pause(2000);
  const idle = residentBytes([pid]);
  const watch = watcher(pid);
  const tus = { ...person.headers, 'tus-resumable': '1.0.0' };

  const sent = await watch('sending', async () => {
    const begun = await json('POST', `${person.url}/api/media/uploads`, {
      headers: { ...tus, 'upload-length': String(length), 'upload-metadata': `filename ${Buffer.from('film.mp4').toString('base64')}` },
      status: 201,
    });
    const place = `${person.url}/api/media/uploads/${begun.value.data.id}`;
    for (let at = 0; at < length; at += PIECE) {
      const piece = Buffer.alloc(Math.min(PIECE, length - at));
      if (at === 0) head.copy(piece);
      const headers = { ...tus, 'upload-offset': String(at), 'content-type': 'application/offset+octet-stream' };
      const answer = await call('PATCH', place, { headers, body: piece });
      if (answer.status !== 204) throw new Error(`a piece of the film was answered with ${answer.status}`);
    }
    return place;
  });
  say(`a film of ${megabytes} MB has arrived; it is inspected and kept`);
  const kept = await watch('keeping', async () => {
    for (let looks = 0; looks < 1200; looks++) {
      const { value } = await json('GET', sent.value, { headers: person.headers });
      if (value.data.status === 'ready') return value.data.media;
      if (value.data.status === 'refused') throw new Error(`the film was refused: ${value.data.error}`);
      await pause(250);
    }
    throw new Error('the film was not kept within five minutes');
  });
  say('the film goes out to a Page of Facebook');
  const page = accounts.find(account => account.platform === 'facebook');
  const delivered = await watch('delivering', async () => {
    const before = await person.deliveries('success');
    const post = { body: 'A long film.', media_assets: [kept.value.id], account_ids: [page.id], visibility: 'public', undo_seconds: 0 };
    await person.post('/api/content', post, 201);
    await person.untilDelivered(before + 1, 300);
  });
  const steps = { sending: sent, keeping: kept, delivering: delivered };
  const above = Math.max(...Object.values(steps).map(step => step.peak)) - idle;
  say(`a film of ${megabytes} MB went through; memory rose by ${Math.round(above / MIB)} MB above idle at most`);
  return {
    megabytes,
    idle,
    above,
    steps: Object.fromEntries(Object.entries(steps).map(([name, step]) => [name, { seconds: step.seconds, peak: step.peak }])),
  };
}

/** Runs work while the memory of a process is looked at fifty times a second; its highest, bytes. */
function watcher(pid) {
  return async (_name, work) => {
    let peak = residentBytes([pid]);
    const timer = setInterval(() => (peak = Math.max(peak, residentBytes([pid]))), 20);
    const from = process.hrtime.bigint();
    try {
      const value = await work();
      return { value, peak, seconds: Number(process.hrtime.bigint() - from) / 1e9 };
    } finally {
      clearInterval(timer);
    }
  };
}

/** What stands before the frames of an MP4 of this length: ten minutes, 720 × 1,280, 30 frames a second, H.264. */
function opening(length) {
  const n = value => {
    const out = Buffer.alloc(4);
    out.writeUInt32BE(value);
    return out;
  };
  const zeros = size => Buffer.alloc(size);
  const atom = (name, ...content) => {
    const body = Buffer.concat(content.map(part => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));
    return Buffer.concat([n(body.length + 8), Buffer.from(name, 'latin1'), body]);
  };
  const [scale, frames, delta] = [30_000, 18_000, 1_000];
  const matrix = Buffer.concat([0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000].map(n));
  const avcc = Buffer.from([1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 4, 0x67, 0x42, 0xc0, 0x1e, 1, 0, 4, 0x68, 0xce, 0x3c, 0x80]);
  const entry = atom(
    'avc1', zeros(6), Buffer.from([0, 1]), zeros(16), Buffer.from([0x02, 0xd0, 0x05, 0x00]), n(0x480000), n(0x480000),
    zeros(4), Buffer.from([0, 1]), zeros(32), Buffer.from([0, 0x18, 0xff, 0xff]), atom('avcC', avcc),
  );
  const stbl = atom(
    'stbl',
    atom('stsd', zeros(4), n(1), entry),
    atom('stts', zeros(4), n(1), n(frames), n(delta)),
    atom('stsc', zeros(4), n(1), n(1), n(frames), n(1)),
    atom('stsz', zeros(4), n(1), n(frames)),
    atom('stco', zeros(4), n(1), n(1024)),
  );
  const dinf = atom('dinf', atom('dref', zeros(4), n(1), atom('url ', n(1))));
  const minf = atom('minf', atom('vmhd', n(1), zeros(8)), dinf, stbl);
  const mdia = atom(
    'mdia',
    atom('mdhd', zeros(12), n(scale), n(frames * delta), Buffer.from([0x55, 0xc4, 0, 0])),
    atom('hdlr', zeros(8), 'vide', zeros(12), 'Handler\0'),
    minf,
  );
  const tkhd = atom('tkhd', n(7), zeros(8), n(1), zeros(4), n(600_000), zeros(16), matrix, n(720 << 16), n(1280 << 16));
  const mvhd = atom('mvhd', zeros(12), n(1000), n(600_000), n(0x10000), Buffer.from([1, 0]), zeros(10), matrix, zeros(24), n(2));
  const front = Buffer.concat([atom('ftyp', 'isom', n(512), 'isommp41'), atom('moov', mvhd, atom('trak', tkhd, mdia))]);
  // The frames: to the end of the file, whose length may not fit into four bytes.
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(length - front.length));
  return Buffer.concat([front, n(1), Buffer.from('mdat', 'latin1'), size]);
}
