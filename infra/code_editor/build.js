// Makes static/vendor/code-editor-VERSION.js of exactly what package-lock.json names, with the licence of each part beside it:
// npm ci --ignore-scripts && node build.js

import { build } from "esbuild";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";

const VERSION = 1; // part of the file's name, which is kept for ever: count on with every change
const vendor = new URL("../../services/web/src/sdc_web/static/vendor/", import.meta.url).pathname;

const result = await build({
  entryPoints: ["main.js"], outfile: `${vendor}code-editor-${VERSION}.js`, bundle: true, minify: true, format: "esm", target: "es2022",
  legalComments: "none", charset: "utf8", metafile: true,
});
const packages = [...new Set(Object.keys(result.metafile.inputs).flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []))].sort();
const licences = packages.map((name) => {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  return `${name} ${version}, ${license}\n\n${file ? readFileSync(`${folder}/${file}`, "utf8").trim() : "no text in the package"}\n`;
});
writeFileSync(`${vendor}code-editor-${VERSION}.LICENSE`, licences.join(`\n${"-".repeat(80)}\n\n`));
