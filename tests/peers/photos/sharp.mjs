// node sharp.mjs DIRECTORY FILE...   npm sharp: two upright copies of each photo, of 1600 and 320 pixels, from one decoding
import fs from "node:fs"
import path from "node:path"
import sharp from "sharp"

const [directory, ...files] = process.argv.slice(2)
sharp.concurrency(1)
sharp.cache(false)
for (const file of files) {
  const { data, info } = await sharp(file).rotate().resize(1600, 1600, { fit: "inside" }).raw().toBuffer({ resolveWithObject: true })
  const raw = { raw: { width: info.width, height: info.height, channels: info.channels } }
  const name = side => path.join(directory, `${path.basename(file, ".jpg")}-${side}.jpg`)
  fs.writeFileSync(name(1600), await sharp(data, raw).jpeg({ quality: 82 }).toBuffer())
  fs.writeFileSync(name(320), await sharp(data, raw).resize(320, 320, { fit: "inside" }).jpeg({ quality: 82 }).toBuffer())
}
