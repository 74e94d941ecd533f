//! The five code pages in full, as Python's codecs have them (IBM-1047 as glibc's iconv has it): code points in hexadecimal,
//! sixteen a line. Written independently of the decoder's table of differences.

/// Name and code points of each page.
#[rustfmt::skip]
pub(super) const PAGES: [(&str, &str); 5] = [
    ("037", "
        00 01 02 03 9c 09 86 7f 97 8d 8e 0b 0c 0d 0e 0f
        10 11 12 13 9d 85 08 87 18 19 92 8f 1c 1d 1e 1f
        80 81 82 83 84 0a 17 1b 88 89 8a 8b 8c 05 06 07
        90 91 16 93 94 95 96 04 98 99 9a 9b 14 15 9e 1a
        20 a0 e2 e4 e0 e1 e3 e5 e7 f1 a2 2e 3c 28 2b 7c
        26 e9 ea eb e8 ed ee ef ec df 21 24 2a 29 3b ac
        2d 2f c2 c4 c0 c1 c3 c5 c7 d1 a6 2c 25 5f 3e 3f
        f8 c9 ca cb c8 cd ce cf cc 60 3a 23 40 27 3d 22
        d8 61 62 63 64 65 66 67 68 69 ab bb f0 fd fe b1
        b0 6a 6b 6c 6d 6e 6f 70 71 72 aa ba e6 b8 c6 a4
        b5 7e 73 74 75 76 77 78 79 7a a1 bf d0 dd de ae
        5e a3 a5 b7 a9 a7 b6 bc bd be 5b 5d af a8 b4 d7
        7b 41 42 43 44 45 46 47 48 49 ad f4 f6 f2 f3 f5
        7d 4a 4b 4c 4d 4e 4f 50 51 52 b9 fb fc f9 fa ff
        5c f7 53 54 55 56 57 58 59 5a b2 d4 d6 d2 d3 d5
        30 31 32 33 34 35 36 37 38 39 b3 db dc d9 da 9f
    "),
    ("273", "
        00 01 02 03 9c 09 86 7f 97 8d 8e 0b 0c 0d 0e 0f
        10 11 12 13 9d 85 08 87 18 19 92 8f 1c 1d 1e 1f
        80 81 82 83 84 0a 17 1b 88 89 8a 8b 8c 05 06 07
        90 91 16 93 94 95 96 04 98 99 9a 9b 14 15 9e 1a
        20 a0 e2 7b e0 e1 e3 e5 e7 f1 c4 2e 3c 28 2b 21
        26 e9 ea eb e8 ed ee ef ec 7e dc 24 2a 29 3b 5e
        2d 2f c2 5b c0 c1 c3 c5 c7 d1 f6 2c 25 5f 3e 3f
        f8 c9 ca cb c8 cd ce cf cc 60 3a 23 a7 27 3d 22
        d8 61 62 63 64 65 66 67 68 69 ab bb f0 fd fe b1
        b0 6a 6b 6c 6d 6e 6f 70 71 72 aa ba e6 b8 c6 a4
        b5 df 73 74 75 76 77 78 79 7a a1 bf d0 dd de ae
        a2 a3 a5 b7 a9 40 b6 bc bd be ac 7c 203e a8 b4 d7
        e4 41 42 43 44 45 46 47 48 49 ad f4 a6 f2 f3 f5
        fc 4a 4b 4c 4d 4e 4f 50 51 52 b9 fb 7d f9 fa ff
        d6 f7 53 54 55 56 57 58 59 5a b2 d4 5c d2 d3 d5
        30 31 32 33 34 35 36 37 38 39 b3 db 5d d9 da 9f
    "),
    ("500", "
        00 01 02 03 9c 09 86 7f 97 8d 8e 0b 0c 0d 0e 0f
        10 11 12 13 9d 85 08 87 18 19 92 8f 1c 1d 1e 1f
        80 81 82 83 84 0a 17 1b 88 89 8a 8b 8c 05 06 07
        90 91 16 93 94 95 96 04 98 99 9a 9b 14 15 9e 1a
        20 a0 e2 e4 e0 e1 e3 e5 e7 f1 5b 2e 3c 28 2b 21
        26 e9 ea eb e8 ed ee ef ec df 5d 24 2a 29 3b 5e
        2d 2f c2 c4 c0 c1 c3 c5 c7 d1 a6 2c 25 5f 3e 3f
        f8 c9 ca cb c8 cd ce cf cc 60 3a 23 40 27 3d 22
        d8 61 62 63 64 65 66 67 68 69 ab bb f0 fd fe b1
        b0 6a 6b 6c 6d 6e 6f 70 71 72 aa ba e6 b8 c6 a4
        b5 7e 73 74 75 76 77 78 79 7a a1 bf d0 dd de ae
        a2 a3 a5 b7 a9 a7 b6 bc bd be ac 7c af a8 b4 d7
        7b 41 42 43 44 45 46 47 48 49 ad f4 f6 f2 f3 f5
        7d 4a 4b 4c 4d 4e 4f 50 51 52 b9 fb fc f9 fa ff
        5c f7 53 54 55 56 57 58 59 5a b2 d4 d6 d2 d3 d5
        30 31 32 33 34 35 36 37 38 39 b3 db dc d9 da 9f
    "),
    ("1047", "
        00 01 02 03 9c 09 86 7f 97 8d 8e 0b 0c 0d 0e 0f
        10 11 12 13 9d 85 08 87 18 19 92 8f 1c 1d 1e 1f
        80 81 82 83 84 0a 17 1b 88 89 8a 8b 8c 05 06 07
        90 91 16 93 94 95 96 04 98 99 9a 9b 14 15 9e 1a
        20 a0 e2 e4 e0 e1 e3 e5 e7 f1 a2 2e 3c 28 2b 7c
        26 e9 ea eb e8 ed ee ef ec df 21 24 2a 29 3b 5e
        2d 2f c2 c4 c0 c1 c3 c5 c7 d1 a6 2c 25 5f 3e 3f
        f8 c9 ca cb c8 cd ce cf cc 60 3a 23 40 27 3d 22
        d8 61 62 63 64 65 66 67 68 69 ab bb f0 fd fe b1
        b0 6a 6b 6c 6d 6e 6f 70 71 72 aa ba e6 b8 c6 a4
        b5 7e 73 74 75 76 77 78 79 7a a1 bf d0 5b de ae
        ac a3 a5 b7 a9 a7 b6 bc bd be dd a8 af 5d b4 d7
        7b 41 42 43 44 45 46 47 48 49 ad f4 f6 f2 f3 f5
        7d 4a 4b 4c 4d 4e 4f 50 51 52 b9 fb fc f9 fa ff
        5c f7 53 54 55 56 57 58 59 5a b2 d4 d6 d2 d3 d5
        30 31 32 33 34 35 36 37 38 39 b3 db dc d9 da 9f
    "),
    ("1140", "
        00 01 02 03 9c 09 86 7f 97 8d 8e 0b 0c 0d 0e 0f
        10 11 12 13 9d 85 08 87 18 19 92 8f 1c 1d 1e 1f
        80 81 82 83 84 0a 17 1b 88 89 8a 8b 8c 05 06 07
        90 91 16 93 94 95 96 04 98 99 9a 9b 14 15 9e 1a
        20 a0 e2 e4 e0 e1 e3 e5 e7 f1 a2 2e 3c 28 2b 7c
        26 e9 ea eb e8 ed ee ef ec df 21 24 2a 29 3b ac
        2d 2f c2 c4 c0 c1 c3 c5 c7 d1 a6 2c 25 5f 3e 3f
        f8 c9 ca cb c8 cd ce cf cc 60 3a 23 40 27 3d 22
        d8 61 62 63 64 65 66 67 68 69 ab bb f0 fd fe b1
        b0 6a 6b 6c 6d 6e 6f 70 71 72 aa ba e6 b8 c6 20ac
        b5 7e 73 74 75 76 77 78 79 7a a1 bf d0 dd de ae
        5e a3 a5 b7 a9 a7 b6 bc bd be 5b 5d af a8 b4 d7
        7b 41 42 43 44 45 46 47 48 49 ad f4 f6 f2 f3 f5
        7d 4a 4b 4c 4d 4e 4f 50 51 52 b9 fb fc f9 fa ff
        5c f7 53 54 55 56 57 58 59 5a b2 d4 d6 d2 d3 d5
        30 31 32 33 34 35 36 37 38 39 b3 db dc d9 da 9f
    "),
];

/// The characters of a page by byte.
pub(super) fn page_table(name: &str) -> Vec<char> {
    let (_, points) = PAGES.iter().find(|(known, _)| *known == name).expect("a page");
    points
        .split_whitespace()
        .map(|point| char::from_u32(u32::from_str_radix(point, 16).unwrap()).unwrap())
        .collect()
}

/// The bytes of `text` in a page; the oracle's way into EBCDIC.
pub(super) fn to_page(name: &str, text: &str) -> Vec<u8> {
    if name == "ascii" {
        return text.bytes().collect();
    }
    let table = page_table(name);
    let place =
        |character| table.iter().position(|known| *known == character).expect("a character of the page");
    text.chars().map(|character| u8::try_from(place(character)).unwrap()).collect()
}
