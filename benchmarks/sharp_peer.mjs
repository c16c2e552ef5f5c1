// The peer of bench_images.py: sharp makes the same twelve files of each photograph, two photographs at a time.
// node sharp_peer.mjs (default|tuned|encode) OUT PHOTO...; prints {"cpu_s", "wall_s", "peak_mib"} as JSON.
// "encode" makes one file of each format, in the size that the picture has, with sharp's own settings.
import sharp from "sharp";

const [mode, out, ...photos] = process.argv.slice(2);
const WIDTHS = [480, 960, 1440, 1920];
const tuned = mode === "tuned";
const avif = tuned ? { quality: 55, effort: 3, chromaSubsampling: "4:2:0" } : {};
const webp = tuned ? { quality: 78 } : {};
const jpeg = tuned ? { quality: 78, mozjpeg: true } : {};
sharp.concurrency(1);
sharp.cache(false);

async function make(photo, number) {
  for (const width of WIDTHS) {
    const small = sharp(photo).rotate().resize({ width, withoutEnlargement: true });
    await small.clone().avif(avif).toFile(`${out}/${number}-${width}.avif`);
    await small.clone().webp(webp).toFile(`${out}/${number}-${width}.webp`);
    await small.clone().jpeg(jpeg).toFile(`${out}/${number}-${width}.jpg`);
  }
}

async function makeTuned(photo, number) {
  // Decoded once, as one who knows sharp writes it.
  const { data, info } = await sharp(photo).rotate().resize({ width: WIDTHS.at(-1), withoutEnlargement: true }).raw().toBuffer({ resolveWithObject: true });
  for (const width of WIDTHS) {
    const small = sharp(data, { raw: info }).resize({ width, withoutEnlargement: true });
    await small.clone().avif(avif).toFile(`${out}/${number}-${width}.avif`);
    await small.clone().webp(webp).toFile(`${out}/${number}-${width}.webp`);
    await small.clone().jpeg(jpeg).toFile(`${out}/${number}-${width}.jpg`);
  }
}

async function encode(photo, number) {
  for (const format of ["avif", "webp", "jpeg"]) await sharp(photo).toFormat(format).toFile(`${out}/${number}.${format}`);
}

// Neither side's start counts: what makes pictures lives long.
const before = process.resourceUsage();
const began = performance.now();
const queue = photos.entries();
await Promise.all([0, 1].map(async () => { for (const [number, photo] of queue) await { tuned: makeTuned, encode, default: make }[mode](photo, number); }));
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
console.log(JSON.stringify({ cpu_s: (userCPUTime + systemCPUTime - before.userCPUTime - before.systemCPUTime) / 1e6, wall_s: (performance.now() - began) / 1e3, peak_mib: maxRSS / 1024 }));
