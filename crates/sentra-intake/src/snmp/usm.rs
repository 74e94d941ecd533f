//! The cryptography of the user-based security model, over the crates of RustCrypto.
//!
//! Passwords become keys by RFC 3414 A.2, digests are those of RFC 3414 and RFC 7860, ciphers those of RFC 3414
//! and RFC 3826. AES with 192 and 256 bits never became an RFC; both ways to lengthen a key that is too short
//! for them are here: that of draft-blumenthal-aes-usm-04, which net-snmp uses, and that of draft-reeder-snmpv3-usm-3desede-00,
//! which Cisco and others use.

use cbc::cipher::block_padding::NoPadding;
use cfb_mode::cipher::{AsyncStreamCipher, BlockDecryptMut, BlockEncryptMut, KeyIvInit};
use hmac::digest::core_api::BlockSizeUser;
use hmac::digest::{Digest, Update};
use hmac::{Mac, SimpleHmac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use crate::snmp::key::Key;
use crate::snmp::problem::SetupProblem;

/// RFC 3414 A.2: a password is repeated to this length and hashed.
const PASSWORD_STRETCHED_BYTES: usize = 1_048_576;
/// Length of the blocks in which that is done.
const PASSWORD_BLOCK_BYTES: usize = 64;
const DES_BLOCK_BYTES: usize = 8;
/// Length of the salt that a message carries.
pub(crate) const SALT_BYTES: usize = 8;

/// How messages of a user are authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthProtocol {
    /// HMAC-MD5-96 (RFC 3414). Only for devices that know nothing better.
    Md5,
    /// HMAC-SHA-96 (RFC 3414).
    Sha1,
    /// HMAC-128-SHA-224 (RFC 7860).
    Sha224,
    /// HMAC-192-SHA-256 (RFC 7860).
    Sha256,
    /// HMAC-256-SHA-384 (RFC 7860).
    Sha384,
    /// HMAC-384-SHA-512 (RFC 7860).
    Sha512,
}

/// How messages of a user are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrivProtocol {
    /// CBC-DES (RFC 3414). Only for devices that know nothing better.
    Des,
    /// CFB128-AES-128 (RFC 3826).
    Aes128,
    /// AES-192, keys lengthened as net-snmp does.
    Aes192,
    /// AES-256, keys lengthened as net-snmp does.
    Aes256,
    /// AES-192, keys lengthened as Cisco does.
    Aes192C,
    /// AES-256, keys lengthened as Cisco does.
    Aes256C,
}

impl AuthProtocol {
    const KNOWN: &'static str = "MD5, SHA, SHA-224, SHA-256, SHA-384, SHA-512";

    /// The protocol of this name, as net-snmp and most devices write it.
    ///
    /// # Errors
    /// When there is none; the error lists what there is.
    pub fn named(name: &str) -> Result<Self, SetupProblem> {
        Ok(match plain(name).as_str() {
            "MD5" => Self::Md5,
            "SHA" | "SHA1" => Self::Sha1,
            "SHA224" => Self::Sha224,
            "SHA256" => Self::Sha256,
            "SHA384" => Self::Sha384,
            "SHA512" => Self::Sha512,
            _ => return Err(unknown("authentication", name, Self::KNOWN)),
        })
    }

    /// How many bytes of the digest a message carries.
    pub(crate) fn digest_bytes(self) -> usize {
        match self {
            Self::Md5 | Self::Sha1 => 12,
            Self::Sha224 => 16,
            Self::Sha256 => 24,
            Self::Sha384 => 32,
            Self::Sha512 => 48,
        }
    }

    fn hash(self, parts: &[&[u8]]) -> Key {
        self.hash_all(parts.iter().copied())
    }

    fn hash_all<'p>(self, parts: impl Iterator<Item = &'p [u8]>) -> Key {
        fn run<'p, D: Digest>(parts: impl Iterator<Item = &'p [u8]>) -> Key {
            let mut digest = D::new();
            parts.for_each(|part| Digest::update(&mut digest, part));
            Key::of(&digest.finalize())
        }
        match self {
            Self::Md5 => run::<Md5>(parts),
            Self::Sha1 => run::<Sha1>(parts),
            Self::Sha224 => run::<Sha224>(parts),
            Self::Sha256 => run::<Sha256>(parts),
            Self::Sha384 => run::<Sha384>(parts),
            Self::Sha512 => run::<Sha512>(parts),
        }
    }

    /// RFC 3414 A.2.1 and A.2.2: the key of a password, the same for every engine.
    pub(crate) fn password_key(self, password: &[u8]) -> Key {
        let mut endless = password.iter().copied().cycle();
        let mut blocks = 0..PASSWORD_STRETCHED_BYTES / PASSWORD_BLOCK_BYTES;
        let repeated = password.len().max(1) * PASSWORD_BLOCK_BYTES;
        // The blocks repeat after as many as the password has bytes; they are made once and read in turn.
        let cycle: Zeroizing<Vec<u8>> = Zeroizing::new(endless.by_ref().take(repeated).collect());
        let mut turn = cycle.chunks_exact(PASSWORD_BLOCK_BYTES).cycle();
        self.hash_all(std::iter::from_fn(move || blocks.next().and_then(|_| turn.next())))
    }

    /// RFC 3414 section 2.6: the key of a password for one engine.
    pub(crate) fn localize(self, key: &Key, engine_id: &[u8]) -> Key {
        self.hash(&[key.bytes(), engine_id, key.bytes()])
    }

    /// The digest over the parts of a message, cut to what a message carries.
    pub(crate) fn digest(self, key: &Key, parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Md5 => cut(mac::<Md5>(key, parts), self.digest_bytes()),
            Self::Sha1 => cut(mac::<Sha1>(key, parts), self.digest_bytes()),
            Self::Sha224 => cut(mac::<Sha224>(key, parts), self.digest_bytes()),
            Self::Sha256 => cut(mac::<Sha256>(key, parts), self.digest_bytes()),
            Self::Sha384 => cut(mac::<Sha384>(key, parts), self.digest_bytes()),
            Self::Sha512 => cut(mac::<Sha512>(key, parts), self.digest_bytes()),
        }
    }

    /// Whether `digest` is that of the parts; takes as long for a wrong one as for the right one.
    pub(crate) fn verify(self, key: &Key, parts: &[&[u8]], digest: &[u8]) -> bool {
        digest.len() == self.digest_bytes()
            && match self {
                Self::Md5 => is_digest(mac::<Md5>(key, parts), digest),
                Self::Sha1 => is_digest(mac::<Sha1>(key, parts), digest),
                Self::Sha224 => is_digest(mac::<Sha224>(key, parts), digest),
                Self::Sha256 => is_digest(mac::<Sha256>(key, parts), digest),
                Self::Sha384 => is_digest(mac::<Sha384>(key, parts), digest),
                Self::Sha512 => is_digest(mac::<Sha512>(key, parts), digest),
            }
    }
}

fn mac<D: Digest + BlockSizeUser>(key: &Key, parts: &[&[u8]]) -> Option<SimpleHmac<D>> {
    // HMAC takes keys of any length, so there is always one.
    let mut mac = <SimpleHmac<D> as Mac>::new_from_slice(key.bytes()).ok()?;
    parts.iter().for_each(|part| Update::update(&mut mac, part));
    Some(mac)
}

fn cut<D: Digest + BlockSizeUser>(mac: Option<SimpleHmac<D>>, digest_bytes: usize) -> Vec<u8> {
    mac.map(|mac| mac.finalize().into_bytes().iter().copied().take(digest_bytes).collect())
        .unwrap_or_default()
}

fn is_digest<D: Digest + BlockSizeUser>(mac: Option<SimpleHmac<D>>, digest: &[u8]) -> bool {
    mac.is_some_and(|mac| mac.verify_truncated_left(digest).is_ok())
}

impl PrivProtocol {
    const KNOWN: &'static str = "DES, AES, AES-192, AES-256, AES-192-C, AES-256-C";

    /// The protocol of this name, as net-snmp writes it.
    ///
    /// # Errors
    /// When there is none; the error lists what there is.
    pub fn named(name: &str) -> Result<Self, SetupProblem> {
        Ok(match plain(name).as_str() {
            "DES" => Self::Des,
            "AES" | "AES128" => Self::Aes128,
            "AES192" => Self::Aes192,
            "AES256" => Self::Aes256,
            "AES192C" => Self::Aes192C,
            "AES256C" => Self::Aes256C,
            _ => return Err(unknown("privacy", name, Self::KNOWN)),
        })
    }

    fn key_bytes(self) -> usize {
        match self {
            // Eight of the key, eight to mix into the salt.
            Self::Des | Self::Aes128 => 16,
            Self::Aes192 | Self::Aes192C => 24,
            Self::Aes256 | Self::Aes256C => 32,
        }
    }

    /// The key of a password for one engine, as long as the cipher needs it.
    pub(crate) fn localize(self, auth: AuthProtocol, key: &Key, engine_id: &[u8]) -> Key {
        let mut localized = auth.localize(key, engine_id);
        let mut last = localized.clone();
        while localized.bytes().len() < self.key_bytes() {
            last = match self {
                Self::Aes192C | Self::Aes256C => auth.localize(&auth.password_key(last.bytes()), engine_id),
                Self::Des | Self::Aes128 | Self::Aes192 | Self::Aes256 => auth.hash(&[localized.bytes()]),
            };
            localized.lengthen(&last);
        }
        localized.truncate(self.key_bytes());
        localized
    }

    /// The plain text; `None` when the cipher text cannot be one.
    pub(crate) fn decrypt(self, key: &Key, iv: &Iv, cipher_text: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = cipher_text.to_vec();
        match self {
            Self::Des => {
                let (key, iv) = iv.for_des(key)?;
                let cipher = cbc::Decryptor::<des::Des>::new_from_slices(key, &iv).ok()?;
                cipher.decrypt_padded_mut::<NoPadding>(&mut bytes).ok()?;
            }
            Self::Aes128 => aes_decrypt::<aes::Aes128>(key, iv, &mut bytes)?,
            Self::Aes192 | Self::Aes192C => aes_decrypt::<aes::Aes192>(key, iv, &mut bytes)?,
            Self::Aes256 | Self::Aes256C => aes_decrypt::<aes::Aes256>(key, iv, &mut bytes)?,
        }
        Some(bytes)
    }

    /// The cipher text; `None` never happens with keys made by [`PrivProtocol::localize`].
    pub(crate) fn encrypt(self, key: &Key, iv: &Iv, plain_text: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = plain_text.to_vec();
        match self {
            Self::Des => {
                let (key, iv) = iv.for_des(key)?;
                let length = bytes.len().next_multiple_of(DES_BLOCK_BYTES);
                bytes.resize(length, 0);
                let cipher = cbc::Encryptor::<des::Des>::new_from_slices(key, &iv).ok()?;
                cipher.encrypt_padded_mut::<NoPadding>(&mut bytes, length).ok()?;
            }
            Self::Aes128 => aes_encrypt::<aes::Aes128>(key, iv, &mut bytes)?,
            Self::Aes192 | Self::Aes192C => aes_encrypt::<aes::Aes192>(key, iv, &mut bytes)?,
            Self::Aes256 | Self::Aes256C => aes_encrypt::<aes::Aes256>(key, iv, &mut bytes)?,
        }
        Some(bytes)
    }
}

fn aes_decrypt<C>(key: &Key, iv: &Iv, bytes: &mut [u8]) -> Option<()>
where
    C: cfb_mode::cipher::BlockCipher + BlockEncryptMut,
    cfb_mode::Decryptor<C>: KeyIvInit + AsyncStreamCipher + BlockDecryptMut,
{
    cfb_mode::Decryptor::<C>::new_from_slices(key.bytes(), &iv.for_aes()).ok()?.decrypt(bytes);
    Some(())
}

fn aes_encrypt<C>(key: &Key, iv: &Iv, bytes: &mut [u8]) -> Option<()>
where
    C: cfb_mode::cipher::BlockCipher + BlockEncryptMut,
    cfb_mode::Encryptor<C>: KeyIvInit + AsyncStreamCipher + BlockEncryptMut,
{
    cfb_mode::Encryptor::<C>::new_from_slices(key.bytes(), &iv.for_aes()).ok()?.encrypt(bytes);
    Some(())
}

/// What an initialisation vector is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Iv {
    pub(crate) boots: u32,
    pub(crate) time_s: u32,
    pub(crate) salt: [u8; SALT_BYTES],
}

impl Iv {
    /// RFC 3826 section 3.1.2.1.
    fn for_aes(&self) -> [u8; 16] {
        let head = u64::from(self.boots) << 32 | u64::from(self.time_s);
        (u128::from(head) << 64 | u128::from(u64::from_be_bytes(self.salt))).to_be_bytes()
    }

    /// RFC 3414 section 8.1.1.1: the first half of the key is the key, the second is mixed into the salt.
    fn for_des<'k>(&self, key: &'k Key) -> Option<(&'k [u8], [u8; 8])> {
        let (key, mask) = key.bytes().split_at_checked(8)?;
        let mask = u64::from_be_bytes(mask.try_into().ok()?);
        Some((key, (mask ^ u64::from_be_bytes(self.salt)).to_be_bytes()))
    }
}

/// A protocol's name without dashes and in capitals.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|letter| !matches!(letter, '-' | '_'))
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}

fn unknown(what: &'static str, name: &str, known: &'static str) -> SetupProblem {
    SetupProblem::Protocol { what, name: name.to_owned(), known }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snmp::hex;

    const ENGINE: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

    /// The sample results of RFC 3414 A.3.1 and A.3.2.
    #[test]
    fn passwords_become_the_keys_of_the_rfc() {
        let cases = [
            (AuthProtocol::Md5, "9faf3283884e92834ebc9847d8edd963", "526f5eed9fcce26f8964c2930787d82b"),
            (
                AuthProtocol::Sha1,
                "9fb5cc0381497b3793528939ff788d5d79145211",
                "6695febc9288e36282235fc7151f128497b38f3f",
            ),
        ];
        for (protocol, key, localized) in cases {
            let found = protocol.password_key(b"maplesyrup");
            assert_eq!(hex(found.bytes()), key);
            assert_eq!(hex(protocol.localize(&found, &ENGINE).bytes()), localized);
        }
    }

    #[test]
    fn what_was_encrypted_is_decrypted() {
        let iv = Iv { boots: 7, time_s: 4_711, salt: *b"saltsalt" };
        let auths = [AuthProtocol::Md5, AuthProtocol::Sha1, AuthProtocol::Sha224, AuthProtocol::Sha512];
        let privs = ["DES", "AES", "AES-192", "AES-256", "aes192c", "AES-256-C"];
        for (auth, name) in auths.into_iter().flat_map(|auth| privs.map(|name| (auth, name))) {
            let privacy = PrivProtocol::named(name).unwrap();
            let key = privacy.localize(auth, &auth.password_key(b"maplesyrup"), &ENGINE);
            assert_eq!(key.bytes().len(), privacy.key_bytes());
            let plain_text = b"neither short nor a multiple of eight";
            let cipher_text = privacy.encrypt(&key, &iv, plain_text).unwrap();
            assert_ne!(cipher_text.get(..8), plain_text.get(..8));
            let found = privacy.decrypt(&key, &iv, &cipher_text).unwrap();
            assert_eq!(found.get(..plain_text.len()), Some(&plain_text[..]), "{auth:?} {name}");
        }
    }

    #[test]
    fn half_a_des_block_is_no_cipher_text() {
        let iv = Iv { boots: 0, time_s: 0, salt: [0; 8] };
        let auth = AuthProtocol::Md5;
        let key = PrivProtocol::Des.localize(auth, &auth.password_key(b"maplesyrup"), &ENGINE);
        assert_eq!(PrivProtocol::Des.decrypt(&key, &iv, &[0; 12]), None);
    }

    #[test]
    fn digests_must_have_their_full_length() {
        let auth = AuthProtocol::Sha256;
        let key = auth.password_key(b"maplesyrup");
        let digest = auth.digest(&key, &[b"mes", b"sage"]);
        assert!(auth.verify(&key, &[b"message"], &digest));
        assert!(!auth.verify(&key, &[b"massage"], &digest));
        assert!(!auth.verify(&key, &[b"message"], &digest[..23]));
        assert!(!auth.verify(&key, &[b"message"], &[]));
    }

    #[test]
    fn keys_are_not_shown() {
        assert_eq!(format!("{:?}", AuthProtocol::Md5.password_key(b"maplesyrup")), "Key(hidden)");
    }

    #[test]
    fn unknown_protocols_are_told_what_there_is() {
        let problem = AuthProtocol::named("SHA-3").unwrap_err().to_string();
        assert_eq!(
            problem,
            "unknown SNMP authentication protocol \"SHA-3\", known are MD5, SHA, SHA-224, SHA-256, SHA-384, SHA-512"
        );
        assert!(PrivProtocol::named("3DES").is_err());
        assert_eq!(AuthProtocol::named("sha"), Ok(AuthProtocol::Sha1));
    }
}
