//! Vectors of the RFCs and a catalogue of refused headers.

use p256::ecdsa::signature::Signer as _;
use serde_json::json;

use super::*;

fn device() -> (p256::ecdsa::SigningKey, P256PublicKey) {
    let key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let public = P256PublicKey::from_sec1(&key.verifying_key().to_sec1_bytes()).unwrap();
    (key, public)
}

fn sign(key: &p256::ecdsa::SigningKey, input: &SigningInput) -> [u8; 64] {
    let signature: p256::ecdsa::Signature = key.sign(input.as_bytes());
    signature.to_bytes().into()
}

fn jws_with_header(header: &str) -> String {
    let (key, _) = device();
    let input = SigningInput { text: format!("{}.{}", to_base64url(header.as_bytes()), to_base64url(b"x")) };
    finish(&input, &sign(&key, &input))
}

/// RFC 8037 appendix A.1 to A.3.
#[test]
fn ed25519_key_thumbprint_of_rfc_8037() {
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let key: Ed25519PublicKey = serde_json::from_value(jwk.clone()).unwrap();
    assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(serde_json::to_value(&key).unwrap(), jwk);
}

/// RFC 8037 appendix A.4: our signing primitive and our verification agree with the RFC's bytes.
#[test]
fn ed25519_signature_of_rfc_8037() {
    let secret = from_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let key = ed25519_dalek::SigningKey::from_bytes(&secret.try_into().unwrap());
    let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let expected: [u8; 64] = from_base64url(signature).unwrap().try_into().unwrap();
    let made = ed25519_dalek::Signer::sign(&key, input.as_bytes());
    assert_eq!(made.to_bytes(), expected);
    // The RFC's header has no kid and typ, so the JWS itself is refused by form.
    assert_eq!(parse(&format!("{input}.{signature}")), Err(JwsError::Header));
}

/// RFC 7515 appendix A.3: the key and the r‖s shape of the signature.
#[test]
fn es256_signature_of_rfc_7515() {
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
    let key: P256PublicKey = serde_json::from_value(jwk.clone()).unwrap();
    assert_eq!(serde_json::to_value(&key).unwrap(), jwk);
    let input = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature =
        from_base64url("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")
            .unwrap();
    let signature = p256::ecdsa::Signature::from_slice(&signature).unwrap();
    assert!(key.verifying().verify(input.as_bytes(), &signature).is_ok());
}

#[test]
fn es256_round_trip_with_high_and_low_s() {
    let (key, public) = device();
    let header = Header { alg: Alg::Es256, kid: public.thumbprint(), typ: typ::BATCH.to_owned() };
    let input = prepare(&header, b"payload");
    let low: p256::ecdsa::Signature = key.sign(input.as_bytes());
    let low = low.normalize_s();
    let (r, s) = low.split_scalars();
    let high = p256::ecdsa::Signature::from_scalars(r.to_bytes(), (-*s).to_bytes()).unwrap();
    assert_ne!(low, high);
    for signature in [low, high] {
        let jws = finish(&input, &signature.to_bytes().into());
        assert_eq!(verify_es256(&jws, &public, typ::BATCH), Ok(b"payload".to_vec()));
        assert_eq!(
            verify_es256(&jws, &public, typ::STATEMENT),
            Err(JwsError::Type { expected: typ::STATEMENT.to_owned() })
        );
    }
}

#[test]
fn eddsa_round_trip_and_key_choice() {
    let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let public = Ed25519PublicKey::from_bytes(&key.verifying_key().to_bytes()).unwrap();
    let header = Header { alg: Alg::EdDsa, kid: public.thumbprint(), typ: typ::RECEIPT.to_owned() };
    let input = prepare(&header, b"{}");
    let jws = finish(&input, &ed25519_dalek::Signer::sign(&key, input.as_bytes()).to_bytes());
    assert_eq!(verify_eddsa_any(&jws, std::slice::from_ref(&public), typ::RECEIPT), Ok(b"{}".to_vec()));
    assert_eq!(verify_eddsa_any(&jws, &[], typ::RECEIPT), Err(JwsError::UnknownKey));
    assert!(matches!(verify_eddsa(&jws, &public, typ::ORDER), Err(JwsError::Type { .. })));
    assert!(Ed25519PublicKey::from_bytes(&[0; 32]).is_err(), "a point of small order");
}

#[test]
fn every_flipped_bit_is_noticed() {
    let (key, public) = device();
    let header = Header { alg: Alg::Es256, kid: public.thumbprint(), typ: typ::BATCH.to_owned() };
    let input = prepare(&header, b"payload");
    let jws = finish(&input, &sign(&key, &input));
    for position in 0..jws.len() {
        for bit in 0..7 {
            let mut bytes = jws.clone().into_bytes();
            bytes[position] ^= 1 << bit;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            assert!(verify_es256(&changed, &public, typ::BATCH).is_err(), "byte {position} bit {bit}");
        }
    }
}

#[test]
fn only_the_exact_header_is_read() {
    let (_, public) = device();
    let kid = public.thumbprint();
    let good = format!(r#"{{"typ":"t", "kid":"{kid}","alg":"ES256"}}"#);
    assert_eq!(verify_es256(&jws_with_header(&good), &public, "t"), Ok(b"x".to_vec()), "order and space do not matter");
    let bad = [
        (format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#), "typ missing"),
        (format!(r#"{{"alg":"ES256","kid":"{kid}","typ":"t","jku":"https://a.example"}}"#), "jku"),
        (format!(r#"{{"alg":"ES256","kid":"{kid}","typ":"t","crit":["exp"]}}"#), "crit"),
        (format!(r#"{{"alg":"ES256","kid":"{kid}","typ":"t","b64":false}}"#), "b64"),
        (format!(r#"{{"alg":"ES256","kid":"{kid}","typ":"t","typ":"t"}}"#), "typ twice"),
        (format!(r#"{{"alg":"none","kid":"{kid}","typ":"t"}}"#), "alg none"),
        (format!(r#"{{"alg":"HS256","kid":"{kid}","typ":"t"}}"#), "alg HS256"),
        (format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"t"}}"#), "alg of another key"),
        (format!(r#"{{"alg":["ES256"],"kid":"{kid}","typ":"t"}}"#), "alg is a list"),
        (format!(r#"{{"alg":"ES256","kid":"{kid}x","typ":"t"}}"#), "another kid"),
        (format!(r#"{{"alg":"ES256","kid":"{kid}","typ":"T"}}"#), "another typ"),
        (format!(r#"{{"alg":"ES256","kid":"{kid}","typ":"t"}}{}"#, " ".repeat(MAX_HEADER_BYTES)), "too large"),
        ("[]".to_owned(), "no object"),
    ];
    for (header, why) in bad {
        assert!(verify_es256(&jws_with_header(&header), &public, "t").is_err(), "{why}");
    }
}

#[test]
fn only_three_strict_parts_are_a_jws() {
    let (_, public) = device();
    let good = jws_with_header(&format!(r#"{{"alg":"ES256","kid":"{}","typ":"t"}}"#, public.thumbprint()));
    assert!(verify_es256(&good, &public, "t").is_ok());
    let bad = [
        String::new(),
        "a".into(),
        "a.b".into(),
        "..".into(),
        format!("{good}."),
        format!("{good}="),
        format!(" {good}"),
        format!("{good}\n"),
        good.replacen('.', "..", 1),
        "é.é.é".into(),
    ];
    for jws in bad {
        assert!(matches!(parse(&jws), Err(JwsError::Malformed { .. } | JwsError::Header)), "{jws}");
    }
}

/// RFC 7515 appendix F.
#[test]
fn a_payload_that_was_taken_out_is_put_back_and_nothing_else_changes() {
    let (key, public) = device();
    let input = prepare(&Header { alg: Alg::Es256, kid: public.thumbprint(), typ: typ::BATCH.to_owned() }, b"known");
    let whole = finish(&input, &sign(&key, &input));
    let detached = detach(&whole);
    assert_eq!(detached.len() + to_base64url(b"known").len(), whole.len());
    assert_eq!(attach(&detached, b"known"), whole);
    assert_eq!(attach(&whole, b"other"), whole);
    assert_eq!(verify_es256(&attach(&detached, b"other"), &public, typ::BATCH), Err(JwsError::Signature));
    for no_jws in ["", ".", "a", "a.b"] {
        assert_eq!(detach(no_jws), no_jws);
    }
}
