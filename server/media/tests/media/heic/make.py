"""Makes the HEIC files beside it, once: `pip install pillow pillow-heif`, then `python make.py [photo.jpg]`.

libheif and x265 write them, so that another encoder than that of the tests' own pictures is read. Neither is needed to
build or test. `grid.heic` is put together here, as libheif's Python module writes no grids: each tile is a picture of its
own. With a photo (`cargo run -p doorstep-media --example draw -- photo.jpg 7 Router "Order 209-0012"`) it also writes that one as `photo.heic`.
"""

import io
import struct
import sys

import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()


def four_corners(width, height):
    """Red, green / blue, white: as `support::four_corners`."""
    picture = Image.new("RGB", (width, height), (240, 240, 240))
    picture.paste((220, 20, 20), (0, 0, (width + 1) // 2, (height + 1) // 2))
    picture.paste((20, 200, 20), ((width + 1) // 2, 0, width, (height + 1) // 2))
    picture.paste((20, 20, 220), (0, (height + 1) // 2, (width + 1) // 2, height))
    return picture


def written(picture, **how):
    out = io.BytesIO()
    picture.save(out, format="HEIF", quality=60, **how)
    return out.getvalue()


def as_stored(upright, exif):
    """What a camera held that way stores."""
    undo = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    for step in undo.get(exif, []):
        upright = upright.transpose(step)
    return upright


def turned(orientation):
    """EXIF that says so; libheif writes the same as properties of the picture."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x0110] = "Phone 5"
    return exif.tobytes()


def box(name, body):
    return struct.pack(">I4s", len(body) + 8, name) + body


def full(name, body, version=0, flags=0):
    return box(name, struct.pack(">I", version << 24 | flags) + body)


def boxes(data):
    at = 0
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        yield name, data[at + 8 : at + size], data[at : at + size]
        at += size


def find(data, *path):
    for name, body, whole in boxes(data):
        if name == path[0]:
            if len(path) == 1:
                return whole
            return find(body[4:] if name == b"meta" else body, *path[1:])
    raise KeyError(path)


def grid(picture, side, columns, rows, turn=0, **how):
    """A picture in tiles of `side` pixels, as phones write them."""
    tiles, settings = [], set()
    for row in range(rows):
        for column in range(columns):
            place = (column * side, row * side, (column + 1) * side, (row + 1) * side)
            # What reaches over the edge is the edge once more.
            tile = picture.crop(place)
            if place[2] > picture.width or place[3] > picture.height:
                part = picture.crop((place[0], place[1], min(place[2], picture.width), min(place[3], picture.height)))
                tile = part.resize((side, side))
            file = written(tile, **how)
            settings.add(find(file, b"meta", b"iprp", b"ipco", b"hvcC"))
            tiles.append(find(file, b"mdat")[8:])
    (hvcc,) = settings
    count = len(tiles)
    shown = count + 1
    description = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, picture.width, picture.height)
    infos = b"".join(full(b"infe", struct.pack(">HH4s", i + 1, 0, b"hvc1") + b"\0", 2, 1) for i in range(count))
    infos += full(b"infe", struct.pack(">HH4s", shown, 0, b"grid") + b"\0", 2)
    properties = [
        hvcc,
        full(b"ispe", struct.pack(">II", side, side)),
        full(b"ispe", struct.pack(">II", picture.width, picture.height)),
        box(b"irot", bytes([turn])),
    ]
    of = b"".join(struct.pack(">HBBB", i + 1, 2, 0x81, 2) for i in range(count)) + struct.pack(">HBBB", shown, 2, 3, 0x84)
    references = box(b"dimg", struct.pack(f">HH{count}H", shown, count, *range(1, count + 1)))

    def meta(begin):
        places, at = b"", begin
        for number, tile in enumerate(tiles):
            places += struct.pack(">HHHHII", number + 1, 0, 0, 1, at, len(tile))
            at += len(tile)
        places += struct.pack(">HHHHII", shown, 1, 0, 1, 0, len(description))
        return full(
            b"meta",
            full(b"hdlr", struct.pack(">I4s12x", 0, b"pict") + b"\0")
            + full(b"pitm", struct.pack(">H", shown))
            + full(b"iinf", struct.pack(">H", shown) + infos)
            + full(b"iref", references)
            + box(b"iprp", box(b"ipco", b"".join(properties)) + full(b"ipma", struct.pack(">I", shown) + of))
            + full(b"iloc", struct.pack(">BBH", 0x44, 0, shown) + places, 1)
            + box(b"idat", description),
        )

    head = box(b"ftyp", b"heic\0\0\0\0mif1heic")
    begin = len(head) + len(meta(0)) + 8
    return head + meta(begin) + box(b"mdat", b"".join(tiles))


def main():
    picture = four_corners(64, 32)
    files = {f"turned_{n}": written(as_stored(picture, n), exif=turned(n)) for n in range(1, 9)}
    files["odd"] = written(four_corners(63, 31))
    files["full_colour"] = written(picture, chroma=444)
    files["half_colour"] = written(picture, chroma=422)
    files["grey"] = written(Image.new("L", (64, 32), 200))
    files["clear"] = written(Image.new("RGBA", (64, 32), (200, 0, 0, 0)))
    pillow_heif.options.SAVE_HDR_TO_12_BIT = False
    deep = io.BytesIO()
    samples = b"".join(struct.pack("<3H", *(v * 257 for v in dot)) for dot in zip(*[iter(picture.tobytes())] * 3))
    pillow_heif.from_bytes("RGB;16", picture.size, samples).save(deep, quality=60)
    files["deep"] = deep.getvalue()
    files["two"] = two(picture)
    # Quarters that do not end where tiles do, and a picture that does not end there either.
    files["grid"] = grid(four_corners(300, 180), 64, 5, 3)
    files["grid_turned"] = grid(as_stored(four_corners(300, 180), 6), 64, 3, 5, turn=3)
    if len(sys.argv) > 1:
        files["photo"] = written(Image.open(sys.argv[1]).resize((512, 384), Image.Resampling.LANCZOS))
    for name, content in files.items():
        with open(f"{name}.heic", "wb") as file:
            file.write(content)


def two(picture):
    """Two pictures and a thumbnail, of which the second one is shown."""
    both = pillow_heif.from_pillow(Image.new("RGB", (96, 96), (9, 9, 9)))
    both.add_from_pillow(picture)
    out = io.BytesIO()
    both.save(out, quality=60, primary_index=1, thumbnails=[16])
    return out.getvalue()


main()
