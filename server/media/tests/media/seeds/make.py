"""Makes the pictures beside it, of which the tests make mutants: `pip install pillow`, then `python make.py`.

They are of every kind that encoders and cameras write, and small. Nothing of this is needed to build or test.
"""

import random
import struct
import zlib

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 96, 64


def picture(seed=1):
    dice = random.Random(seed)
    made = Image.new("RGB", (WIDTH, HEIGHT), (90, 120, 140))
    draw = ImageDraw.Draw(made)
    for _ in range(14):
        x, y = dice.randrange(WIDTH), dice.randrange(HEIGHT)
        draw.ellipse((x, y, x + dice.randrange(30), y + dice.randrange(20)), tuple(dice.randrange(256) for _ in range(3)))
    return made


def png(name, rows, depth, kind, interlaced=False, beside=b""):
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, kind, 0, 0, int(interlaced))
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    with open(name, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + beside + chunk(b"IDAT", data) + chunk(b"IEND", b""))


def main():
    base = picture()
    clear = base.copy()
    clear.putalpha(Image.linear_gradient("L").resize((WIDTH, HEIGHT)))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x0132] = 6, "Maker", "2026:03:14 10:22:00"
    base.save("baseline.jpg", quality=80)
    base.save("progressive.jpg", quality=80, progressive=True)
    base.convert("CMYK").save("cmyk.jpg", quality=60)
    base.convert("L").save("grey.jpg", quality=80)
    base.save("camera.jpg", quality=75, exif=exif, restart_marker_rows=1, subsampling="4:2:0")
    dots = base.load()
    rows = [[dots[x, y] for x in range(WIDTH)] for y in range(HEIGHT)]
    png("eight.png", [bytes(v for dot in row for v in dot) for row in rows], 8, 2)
    png("sixteen.png", [struct.pack(f">{3 * WIDTH}H", *(v * 257 for dot in row for v in dot)) for row in rows[:]], 16, 2)
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    turned = [bytes(v for dot in row[x::dx] for v in dot) for x, y, dx, dy in passes for row in rows[y::dy]]
    png("interlaced.png", turned, 8, 2, interlaced=True)
    base.quantize(16).save("palette.png", optimize=True)
    clear.save("clear.png", optimize=True)
    base.save("lossy.webp", quality=60)
    base.quantize(8).convert("RGB").save("lossless.webp", lossless=True)
    clear.save("clear.webp", quality=60)
    frames = [picture(seed) for seed in (2, 3)]
    base.save("animated.webp", save_all=True, append_images=frames, duration=100, quality=40)


main()
