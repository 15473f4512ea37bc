//! Builds HEIC files: those beside the tests with parts of them changed, and containers of which no camera writes one.

use std::fs;
use std::path::Path;

/// A file of the folder `heic`; how it was made says `make.py` there.
pub fn stored(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/media/heic");
    fs::read(folder.join(format!("{name}.heic"))).unwrap()
}

/// A file with the content of every box of a name changed, which leaves its length.
pub fn changed(file: &[u8], name: &[u8; 4], change: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut file = file.to_vec();
    let places: Vec<usize> = (4..file.len() - 4).filter(|at| file[*at..].starts_with(name)).collect();
    assert!(!places.is_empty(), "no such box");
    for at in places {
        let length = usize::try_from(u32::from_be_bytes(file[at - 4..at].try_into().unwrap())).unwrap();
        change(&mut file[at..at - 4 + length]);
    }
    file
}

/// A file that declares another size of its coded pictures.
pub fn declaring(file: &[u8], width: u32, height: u32) -> Vec<u8> {
    changed(file, b"ispe", |found| {
        found[8..12].copy_from_slice(&width.to_be_bytes());
        found[12..16].copy_from_slice(&height.to_be_bytes());
    })
}

/// A file in which one four-letter name stands for another.
pub fn renamed(file: &[u8], from: &[u8; 4], to: &[u8; 4]) -> Vec<u8> {
    let mut file = file.to_vec();
    for at in 0..file.len() - 3 {
        if file[at..].starts_with(from) {
            file[at..at + 4].copy_from_slice(to);
        }
    }
    file
}

/// A box.
pub fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [u32::try_from(body.len() + 8).unwrap().to_be_bytes().as_slice(), name, body].concat()
}

/// A box with a version and without flags.
pub fn full(name: &[u8; 4], version: u8, body: &[u8]) -> Vec<u8> {
    boxed(name, &[&[version, 0, 0, 0], body].concat())
}

/// What the first box of a name holds.
pub fn body<'a>(file: &'a [u8], name: &[u8; 4]) -> &'a [u8] {
    let at = (4..file.len()).find(|at| file[*at..].starts_with(name)).unwrap();
    let length = usize::try_from(u32::from_be_bytes(file[at - 4..at].try_into().unwrap())).unwrap();
    &file[at + 4..at - 4 + length]
}

/// An item of a container.
pub struct Item {
    pub kind: &'static [u8; 4],
    pub data: Vec<u8>,
    /// Which of the properties it has, from 1 on.
    pub properties: Vec<u8>,
}

/// A container of some items with these properties, of which the last one is shown and put together of these items.
pub fn container(items: &[Item], properties: &[Vec<u8>], tiles: &[u16]) -> Vec<u8> {
    let count = u16::try_from(items.len()).unwrap();
    let mut infos = count.to_be_bytes().to_vec();
    let mut of = u32::from(count).to_be_bytes().to_vec();
    let mut places = vec![0x44, 0];
    places.extend(count.to_be_bytes());
    let mut data = Vec::new();
    for (id, item) in (1_u16..).zip(items) {
        infos.extend(full(b"infe", 2, &[&id.to_be_bytes(), &[0, 0], item.kind.as_slice(), &[0]].concat()));
        of.extend([&id.to_be_bytes(), [u8::try_from(item.properties.len()).unwrap()].as_slice()].concat());
        of.extend(&item.properties);
        // By the second method: inside the description.
        places.extend([&id.to_be_bytes()[..], &[0, 1, 0, 0, 0, 1]].concat());
        places.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        places.extend(u32::try_from(item.data.len()).unwrap().to_be_bytes());
        data.extend(&item.data);
    }
    let numbers = |numbers: &[u16]| numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>();
    let references = boxed(b"dimg", &numbers(&[&[count, u16::try_from(tiles.len()).unwrap()], tiles].concat()));
    let description = [
        full(b"hdlr", 0, b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        full(b"pitm", 0, &count.to_be_bytes()),
        full(b"iinf", 0, &infos),
        full(b"iref", 0, &references),
        boxed(b"iprp", &[boxed(b"ipco", &properties.concat()), full(b"ipma", 0, &of)].concat()),
        full(b"iloc", 1, &places),
        boxed(b"idat", &data),
    ];
    [boxed(b"ftyp", b"heic\0\0\0\0mif1heic"), full(b"meta", 0, &description.concat())].concat()
}

/// A declared size.
pub fn size(width: u32, height: u32) -> Vec<u8> {
    full(b"ispe", 0, &[width.to_be_bytes(), height.to_be_bytes()].concat())
}

/// The description of a grid.
pub fn grid(columns: u8, rows: u8, width: u32, height: u32) -> Vec<u8> {
    [&[0, 1, rows - 1, columns - 1], width.to_be_bytes().as_slice(), &height.to_be_bytes()].concat()
}
