/** Small real files made here, so that no binary has to be kept: a film without frames, and a document. */

const n = (value: number): Buffer => {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value >>> 0);
  return out;
};

const zeros = (size: number): Buffer => Buffer.alloc(size);

function atom(name: string, ...content: (string | Buffer)[]): Buffer {
  const body = Buffer.concat(content.map(part => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));
  return Buffer.concat([n(body.length + 8), Buffer.from(name, 'latin1'), body]);
}

/** An MP4 with H.264 at 30 frames a second. What describes it is true; its frames are `frames` bytes of nothing. */
export function film(width: number, height: number, seconds: number, frames = 4096): Buffer {
  const [scale, delta] = [30_000, 1_000];
  const count = seconds * 30;
  const matrix = Buffer.concat([0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000].map(n));
  const avcc = Buffer.from([1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 4, 0x67, 0x42, 0xc0, 0x1e, 1, 0, 4, 0x68, 0xce, 0x3c, 0x80]);
  const size = Buffer.alloc(4);
  size.writeUInt16BE(width, 0);
  size.writeUInt16BE(height, 2);
  const entry = atom(
    'avc1',
    zeros(6),
    Buffer.from([0, 1]),
    zeros(16),
    size,
    n(0x480000),
    n(0x480000),
    zeros(4),
    Buffer.from([0, 1]),
    zeros(32),
    Buffer.from([0, 0x18, 0xff, 0xff]),
    atom('avcC', avcc),
  );
  const stbl = atom(
    'stbl',
    atom('stsd', zeros(4), n(1), entry),
    atom('stts', zeros(4), n(1), n(count), n(delta)),
    atom('stsc', zeros(4), n(1), n(1), n(count), n(1)),
    atom('stsz', zeros(4), n(1), n(count)),
    atom('stco', zeros(4), n(1), n(1024)),
  );
  const dinf = atom('dinf', atom('dref', zeros(4), n(1), atom('url ', n(1))));
  const mdia = atom(
    'mdia',
    atom('mdhd', zeros(12), n(scale), n(count * delta), Buffer.from([0x55, 0xc4, 0, 0])),
    atom('hdlr', zeros(8), 'vide', zeros(12), 'Handler\0'),
    atom('minf', atom('vmhd', n(1), zeros(8)), dinf, stbl),
  );
  const length = seconds * 1000;
  const tkhd = atom('tkhd', n(7), zeros(8), n(1), zeros(4), n(length), zeros(16), matrix, n(width << 16), n(height << 16));
  const mvhd = atom('mvhd', zeros(12), n(1000), n(length), n(0x10000), Buffer.from([1, 0]), zeros(10), matrix, zeros(24), n(2));
  return Buffer.concat([
    atom('ftyp', 'isom', n(512), 'isommp41'),
    atom('moov', mvhd, atom('trak', tkhd, mdia)),
    atom('mdat', Buffer.alloc(frames, 7)),
  ]);
}

/** A PDF of so many empty pages. */
export function pdf(pages: number): Buffer {
  const kids = Array.from({ length: pages }, (_, page) => `${page + 3} 0 R`).join(' ');
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Kids [${kids}] /Count ${pages} >>`,
    ...Array.from({ length: pages }, () => '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>'),
  ];
  let text = '%PDF-1.4\n';
  const places = objects.map((object, index) => {
    const place = text.length;
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return place;
  });
  const table = text.length;
  text += `xref\n0 ${places.length + 1}\n0000000000 65535 f \n`;
  for (const place of places) text += `${String(place).padStart(10, '0')} 00000 n \n`;
  text += `trailer\n<< /Size ${places.length + 1} /Root 1 0 R >>\nstartxref\n${table}\n%%EOF\n`;
  return Buffer.from(text, 'latin1');
}
