//! No source falls over what it does not expect: members of the right names with values of the wrong kinds.

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use crate::format::Format;
use crate::source::ALL;
use crate::source::kit::testing;

/// Names that sources look for, so that most of what is generated reaches their insides.
const NAMES: [&str; 40] = [
    "id",
    "ID",
    "_id",
    "$id",
    "uid",
    "localId",
    "user_id",
    "username",
    "user_login",
    "email",
    "user_email",
    "mail",
    "emails",
    "password",
    "passwordHash",
    "password_hash",
    "user_pass",
    "userPassword",
    "encrypted_password",
    "hash",
    "hashOptions",
    "credentials",
    "services",
    "metadata",
    "customAttributes",
    "customClaims",
    "providerUserInfo",
    "identities",
    "attributes",
    "realmRoles",
    "clientRoles",
    "app_metadata",
    "user_metadata",
    "raw_app_meta_data",
    "objectClass",
    "memberOf",
    "created_at",
    "banned_until",
    "meta_key",
    "meta_value",
];

/// Values of any kind, among them those that parsers stumble over.
pub fn anything() -> impl Strategy<Value = Json> {
    let text = prop_oneof![
        "\\PC{0,12}",
        "[0-9.:+TZ-]{0,26}",
        "[a-z]=[a-z,\\\\]{0,8}",
        Just("{CRYPT}!".to_owned()),
        Just("fakeHash:salt=:password=".to_owned()),
        Just("a:1:{s:1:\"a\";b:1;}".to_owned()),
        Just("[{\"providerId\":7}]".to_owned()),
        Just("{\"role\":{\"a\":true}}".to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(|number| json!(number)),
        text.prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
            prop::collection::vec((prop::sample::select(&NAMES[..]), inner), 0..4)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_dialect_panics(
        members in prop::collection::vec((prop::sample::select(&NAMES[..]), anything()), 0..16),
        width in 0_usize..60,
    ) {
        let object: Map<String, Json> = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let columns: Vec<&str> = object.keys().map(String::as_str).collect();
        let record = testing::record(Json::Object(object.clone()));
        for format in [Format::Json, Format::Csv, Format::Sql, Format::Ldif, Format::Colon] {
            let mut table = testing::table("users", format, &columns);
            table.records = vec![object.clone()];
            let mut nameless = testing::table("", format, &[]);
            nameless.width = width;
            nameless.records = vec![object.clone()];
            let tables = [table, nameless];
            for source in ALL.iter() {
                let _ = (source.detect(&tables), source.roles(&tables));
                let _ = (source.headerless(&tables[1]), source.mender().map(|mend| mend(&tables[1], "a,b,c")));
            }
        }
        let rows = crate::source::NoRelated;
        for source in ALL.iter() {
            let _ = (source.role_of(&record), source.who(&record), source.relate("any", &record, &mut crate::source::Found::default()));
            let _ = source.interpret(&record, &testing::context(&rows));
        }
    }
}
