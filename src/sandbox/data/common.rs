//! The passwords that everybody uses, of at least eight characters: the head of the published lists of ten thousand, which
//! the server's dictionary is made of. The sandbox knows those that people try.

/// Whether a password, exactly as it is written, is one of them.
pub fn is_common(password: &str) -> bool {
    COMMON.binary_search(&password).is_ok()
}

#[rustfmt::skip]
const COMMON: &[&str] = &[
    "00000000", "01234567", "0123456789", "11111111", "1111111111", "11112222", "111222333", "11223344", "12121212",
    "12312312", "123123123", "12341234", "1234512345", "1234554321", "12345678", "123456789", "1234567890",
    "12345678910", "123456789a", "123456abc", "1234abcd", "1234qwer", "123qwe123", "123qweasd", "1q2w3e4r",
    "1q2w3e4r5t", "1qaz2wsx", "1qazxsw2", "21122112", "22222222", "31415926", "33333333", "44444444", "55555555",
    "66666666", "69696969", "77777777", "78945612", "789456123", "87654321", "88888888", "98765432", "987654321",
    "99999999", "aaaaaaaa", "abc12345", "abcd1234", "abcdefg1", "abcdefgh", "access14", "adgjmptw", "airborne",
    "airplane", "alejandro", "alexander", "alexandra", "alexandre", "amsterdam", "anderson", "andromeda", "angelina",
    "apollo13", "arsenal1", "asdasdasd", "asdf1234", "asdfasdf", "asdfghjk", "asdfghjkl", "assassin", "asshole1",
    "babygirl", "babylon5", "bananas1", "baseball", "baseball1", "basketba", "basketball", "batman123", "beautiful",
    "beavis123", "benjamin", "bigdaddy", "blackcat", "blackjack", "blink182", "blizzard", "bluebird", "bonehead",
    "bradford", "brandon1", "braveheart", "broncos1", "brooklyn", "bubba123", "budlight", "bulldogs", "bullshit",
    "buttercup", "butterfly", "carolina", "caroline", "catherine", "champion", "charlie1", "charlotte", "cheyenne",
    "chocolate", "christian", "christin", "christina", "christine", "christop", "christopher", "cinnamon", "claudia1",
    "clifford", "computer", "concrete", "coolness", "corvette", "courtney", "cowboys1", "creative", "cristian",
    "cristina", "danielle", "darkness", "darkside", "deadhead", "december", "destiny1", "diamonds", "discover",
    "doberman", "dolphin1", "dolphins", "domination", "dominick", "dominion", "download", "dragon12", "dragon123",
    "drummer1", "einstein", "elephant", "elizabeth", "eminem123", "enterprise", "everton1", "explorer", "facebook",
    "fantasia", "firebird", "firefighter", "fishing1", "flamingo", "florence", "florida1", "football", "football1",
    "forever1", "forgotten", "franklin", "frederic", "freedom1", "friends1", "fuckyou1", "fuckyou2", "gabriel1",
    "gandalf1", "gateway1", "godzilla", "goldberg", "goldfish", "goldstar", "graphics", "greenday", "gregory1",
    "hallo123", "hardcore", "hello123", "helloworld", "hercules", "highland", "hollywood", "homepage", "hongkong",
    "hotmail1", "houston1", "humphrey", "iceman12", "iloveyou", "iloveyou1", "iloveyou2", "infinity", "internet",
    "ireland1", "jackson1", "jamaica1", "jeffrey1", "jennifer", "jessica1", "johncena", "jonathan", "jordan23",
    "kangaroo", "katherine", "kathleen", "kawasaki", "kimberly", "kingkong", "kristina", "landmark", "lastchance",
    "lawrence", "lebron23", "leonardo", "letmein1", "letmein123", "liverpoo", "liverpool", "liverpool1", "lollipop",
    "loveyou1", "macintosh", "madison1", "manchester", "margaret", "marshall", "maverick", "maxwell1", "mercedes",
    "metallic", "metallica", "michael1", "michelle", "microsoft", "midnight", "mitchell", "mnbvcxz1", "monalisa",
    "monkey12", "monkey123", "monster1", "montana1", "mountain", "mustang1", "napoleon", "nathalie", "nicholas",
    "nintendo", "nirvana1", "nothing1", "november", "pakistan", "panther1", "paradise", "paramedic", "passport",
    "passw0rd", "password", "password1", "password12", "password123", "password2", "password9", "patricia", "pearljam",
    "personal", "philippe", "phoenix1", "pictures", "pineapple", "platinum", "playboy1", "pokemon1", "porsche9",
    "portland", "portugal", "precious", "predator", "princess", "princess1", "property", "q1w2e3r4", "q1w2e3r4t5",
    "qazwsx123", "qazwsxedc", "qwer1234", "qwerqwer", "qwert123", "qwert12345", "qwerty12", "qwerty123", "qwertyui",
    "qwertyuiop", "rachelle", "raiders1", "rainbow1", "redskins", "research", "richmond", "rockstar", "rolltide",
    "roosevelt", "rush2112", "samantha", "sandiego", "sapphire", "saturday", "scarface", "schubert", "scooter1",
    "scorpion", "security", "september", "serenity", "shadow12", "shithead", "simpsons", "skywalker", "slipknot",
    "snowball", "snowboard", "softball", "something", "southern", "special1", "spiderma", "spiderman", "spongebob",
    "stanford", "starcraft", "stargate", "startrek", "starwars", "steelers", "stephanie", "sterling", "sullivan",
    "summer99", "sunflower", "sunshine", "sunshine1", "superman", "superman1", "superstar", "surprise", "svetlana",
    "swimming", "swordfish", "tacobell", "tarheels", "teddybear", "testing1", "testtest", "thailand", "theodore",
    "thuglife", "thunder1", "thursday", "tiberius", "tinkerbell", "titanic1", "trinity1", "trombone", "trustno1",
    "undertaker", "universe", "usa12345", "vacation", "valentin", "valentina", "valentine", "vampires", "veronica",
    "victoria", "vincent1", "virginia", "volleyball", "warcraft", "warriors", "wedding1", "welcome1", "welcome123",
    "westside", "whatever", "wildcats", "williams", "winston1", "wireless", "wolverine", "wrangler", "wrestling",
    "yamaha12", "yankees1", "yankees2", "yellow12", "zaq12wsx", "zeppelin", "zxcvbnm1", "zxcvbnm123",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Observed on a running server: case and blanks count.
    #[test]
    fn common_passwords_are_found_as_they_are_written() {
        for common in ["password", "12345678", "baseball", "password1", "passw0rd"] {
            assert!(is_common(common), "{common}");
        }
        for other in ["Password", "password ", "password-9x", "Correct-Horse-9"] {
            assert!(!is_common(other), "{other}");
        }
        assert!(COMMON.windows(2).all(|pair| pair[0] < pair[1]), "the list is searched in halves");
    }
}
