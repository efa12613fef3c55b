//! Who may sign in, as far as columns say so without doubt; where they do not, the question.

use super::activity::Activity;
use super::admission;
use super::answers::{answer, settled};
use super::joins::{Joins, counted};
use super::kinds;
use super::links::Link;
use super::look::{Column, Table};
use super::people;
use super::{Line, OPEN, join_name, list, number, quoted, roles, rows};
use crate::format::Value;
use crate::source::kit::common::truth;
use crate::source::kit::status::{self, Meaning, Standing};

/// Adds the line for `enabled`; gives those for who is left out.
pub(super) fn lines(
    tables: &[Table],
    table: &Table,
    links: &[Link],
    joins: &mut Joins<'_>,
    lines: &mut Vec<Line>,
    open: &mut Vec<String>,
) -> Vec<Line> {
    let (mut flags, mut whys, mut asked, mut skip) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (activity, mut reasons) = (Activity::of(table), Vec::new());
    for column in table.columns.iter().filter(|column| column.filled > 0 && column.objects == 0) {
        let is_passed_over =
            || kinds::programs(table).iter().any(|(by, _)| *by == column.name) && kinds::says_programs_alone(column);
        if names_people(column, table) || leads_elsewhere(tables, table, column) || is_passed_over() {
            continue;
        }
        if column.meaning.is_none() && admission::is_reason_of(column, &table.columns) {
            // What is named is looked at no more.
            if column.traced > 0 {
                let (when, say) = (format!("{} != null", column.name), format!("has a `{}`", column.name));
                reasons.push(format!("{{ when = {}, say = {} }}", quoted(&when), quoted(&say)));
            }
            continue;
        }
        let said = column.enabled + column.disabled + column.deleted + column.unsure;
        let others = match column.meaning {
            Some(Meaning::BarsUntil) => column.filled < table.looked,
            _ => said > 0,
        };
        if let Some(flag) = settled(table, column, said) {
            flags.push(flag);
            whys.push(format!("`{}`: says it of nobody whom nothing else keeps out", column.name));
        } else if let Some(only) = constant(column, table) {
            flags.push(format!("{{ from = {}, true_values = {} }}", quoted(&column.name), list([only])));
            whys.push(format!(
                "`{}`: all {} have {only}, which is taken for that of those who may",
                column.name,
                number(column.filled)
            ));
        } else if let Some((flag, why)) =
            activity.as_ref().filter(|_| is_state_by_number(column)).and_then(|of| of.admitted(column))
        {
            flags.push(flag);
            whys.push(why);
        } else if kinds::is_of_yii(column, table) {
            flags.push(format!("{{ from = {}, true_values = [\"10\"] }}", quoted(&column.name)));
            let what = column.values.as_ref().map(counted).unwrap_or_default();
            whys.push(format!(
                "`{}` ({what}): 10 lets in, 9 has not confirmed and 0 is deleted, as Yii has it",
                column.name
            ));
        } else if is_kind_by_number(column) {
            let what = column.values.as_ref().map(counted).unwrap_or_default();
            asked.push(format!("`{}` ({what}): {}", column.name, answer(column)));
        } else if let Some((yes, why)) = kept_out(column) {
            flags.push(format!("{{ from = {}, true_values = {yes} }}", quoted(&column.name)));
            whys.push(why);
        } else if (column.traced > 0 || column.meaning == Some(Meaning::Bars) && column.unsure > 0)
            && let Some((toml, why)) = admission::naught(column)
        {
            flags.push(toml);
            whys.push(why);
        } else if column.unsure + column.traced + column.absent > 0 || column.beside > 0 && others {
            let doubtful = column.unsure + column.traced + column.absent + column.beside;
            let what = column.values.as_ref().map_or_else(|| format!("{} may say it", number(doubtful)), counted);
            asked.push(format!("`{}` ({what}): {}", column.name, answer(column)));
        } else if column.blank > 0 && column.enabled > 0 && column.enabled == said {
            // A box that was not ticked is a no.
            flags.push(format!("{{ from = {}, as = \"status\", default = false }}", quoted(&column.name)));
            whys.push(format!(
                "`{}`: yes in {}; nothing in {}, which is taken for no",
                column.name,
                number(column.enabled),
                number(column.blank)
            ));
        } else if column.meaning == Some(Meaning::Deletes) || column.meaning == Some(Meaning::Guest) {
            // A date of it, or a yes.
            if column.deleted > 0 {
                skip.push(quoted(&gone(column, &column.name)));
            }
        } else if said > 0 && flag(column).ends_with("as = \"status\" }") && !reads_itself(column) {
            asked.push(format!("`{}` holds what its name alone does not explain", column.name));
        } else if column.meaning.is_some() && said > 0 {
            if matches!(column.meaning, Some(Meaning::State | Meaning::StateOrRegion)) {
                let words = column.values.iter().flat_map(|values| values.keys());
                let gone = words.filter(|word| {
                    column.meaning.is_some_and(|meaning| {
                        let word = Value::Text(word.as_str().into());
                        meaning.read(&word, jiff::Timestamp::UNIX_EPOCH) == Standing::Deleted
                    })
                });
                skip.extend(gone.map(|word| quoted(&format!("{} == '{word}'", column.name))));
            }
            flags.push(flag(column));
            whys.push(format!(
                "`{}`: {} may sign in, {} may not",
                column.name,
                number(column.enabled),
                number(column.disabled)
            ));
        }
    }
    // Some are barred by their address.
    for (at, other) in tables.iter().enumerate().filter(|(_, other)| other.name != table.name && other.rows > 0) {
        let own = people::address(table).filter(|_| links.iter().all(|link| link.table != at || !people::bars(other)));
        let Some((own, by)) = own.and_then(|own| Some((own, people::bars_by_address(other, own)?))) else { continue };
        if let Some(end) = lifted(other) {
            asked.push(format!("`{}` keeps out whose address it has, unless `{end}` has lifted it", other.name));
        } else {
            let path = joins.by(&other.name, &by.name, own.name.clone());
            flags.push(format!("{{ from = {}, as = \"empty\" }}", quoted(&path)));
            whys.push(format!("whose address is one of the {} of `{}` may not", number(other.rows), other.name));
        }
    }
    for (flag, why) in roles::barred(tables, table, links, joins) {
        flags.push(flag);
        whys.push(why);
    }
    let admission = admission::of(table);
    let (admitted, said): (Vec<_>, Vec<_>) = admission.flags.into_iter().unzip();
    flags.extend(admitted);
    whys.extend(said);
    asked.extend(admission.asked);
    let is_read = |from: &str| lines.iter().any(|line| line.toml.contains(from));
    reasons.extend(admission.noted.into_iter().filter(|(from, _)| !is_read(from)).map(|(_, rule)| rule));
    for &link in links {
        let other = &tables[link.table];
        if let Some(end) = people::bars(other).then(|| lifted(other)).flatten() {
            let (join, key) = (join_name(&other.name), quoted(&other.columns[link.key].name));
            asked.push(format!(
                "`{}` keeps somebody out, unless `{end}` has lifted it: [join.{join}] with key = {key} and only = [\"{end} …\"], from = \
                 \"{join}.{}\", as = \"empty\"",
                other.name, other.columns[link.key].name
            ));
        } else if people::bars(other) {
            let path = joins.path(link, &other.columns[link.key].name);
            flags.push(format!("{{ from = {}, as = \"empty\" }}", quoted(&path)));
            whys.push(format!("whoever has one of the {} rows of `{}` may not", number(other.rows), other.name));
        } else if link.single && !is_of_something_else(&other.name) {
            // A day on which somebody's other half was deleted is theirs.
            let deletes = |column: &&Column| {
                column.meaning == Some(Meaning::Deletes) && column.deleted > 0 && column.unsure + column.disabled == 0
            };
            if link.named && link.whose {
                for column in other.columns.iter().filter(deletes) {
                    let path = joins.path(link, &column.name);
                    skip.push(quoted(&gone(column, &path)));
                }
            }
            let told = link.named && link.whose;
            // Where the password stands, everybody has a row.
            let read = joins.read.contains_key(&other.name) || told && link.is_forward(tables);
            let sure = |column: &Column| {
                let said = column.enabled + column.disabled;
                read && said > 0
                    && said == column.filled
                    && matches!(column.meaning, Some(Meaning::Allows | Meaning::Bars))
                    && reads_itself(column)
            };
            for column in other.columns.iter().filter(|column| sure(column)) {
                let path = quoted(&joins.path(link, &column.name));
                let way = match (column.yes + column.no == column.filled, column.meaning) {
                    (false, _) => "status",
                    (true, Some(Meaning::Bars)) => "not",
                    (true, _) => "bool",
                };
                flags.push(format!("{{ from = {path}, as = \"{way}\" }}"));
                whys.push(format!(
                    "`{}` of `{}`: {} may sign in, {} may not",
                    column.name,
                    other.name,
                    number(column.enabled),
                    number(column.disabled)
                ));
            }
            asked.extend(questions(other, &|column| !(sure(column) || told && deletes(&column)), &|column| {
                let join = join_name(&other.name);
                format!(
                    "[join.{join}] with key = {}, from = \"{join}.{column}\"",
                    quoted(&other.columns[link.key].name)
                )
            }));
        }
        if let Some((key, told)) = people::tells_by_rows(other).filter(|_| !link.single) {
            if let Some((flag, why)) = by_row(other, link, key, told, joins) {
                flags.push(flag);
                whys.push(why);
            } else {
                let (join, name) = (join_name(&other.name), &key.name);
                asked.push(format!(
                    "`{told}` among the `{name}` of `{}`: [join.{join}] with key = {} and only = [\"{name} == '{told}'\"]",
                    other.name,
                    quoted(&other.columns[link.key].name)
                ));
            }
        }
        // A group that is shut: the table of members leads to it.
        for far in tables.iter().filter(|far| far.name != table.name && far.name != other.name && far.rows > 0) {
            let own = links.iter().any(|link| tables[link.table].name == far.name);
            let leads = far.columns.iter().filter(|id| id.is_unique()).find_map(|id| {
                let by =
                    other.columns.iter().find(|key| key.name == id.name && key.among(id) > 0 && key.name != "id")?;
                Some((&by.name, &id.name))
            });
            if let Some((by, id)) = leads.filter(|_| !own && !is_of_something_else(&far.name)) {
                asked.extend(questions(far, &|_| true, &|column| {
                    let (near, join) = (join_name(&other.name), join_name(&far.name));
                    format!(
                        "[join.{near}] with key = {}, [join.{join}] with key = {}, of = \"{near}.{by}\" and only = [\"{column} == \
                         …\"] for those that are shut, from = \"{join}.{id}\", as = \"empty\"",
                        quoted(&other.columns[link.key].name),
                        quoted(id)
                    )
                }));
            }
        }
    }
    lines.extend(admission.remarks.into_iter().map(|remark| Line::new("", remark)));
    // A name and a hash, as in password files, leave nothing to say it.
    if table.is_nameless() && table.columns.len() > 2 {
        asked.push("the columns have no names: which one says it?".to_owned());
    }
    let kind = kinds::kind(table);
    if let Some((by, of)) = &kind {
        skip.push(quoted(&format!("{by} != '{of}'")));
    }
    skip.extend(kinds::programs(table).iter().map(|(by, of)| quoted(&format!("{by} == '{of}'"))));
    skip.extend(kinds::machines(table).iter().map(|machine| quoted(machine)));
    // Systems give their own users numbers below nought.
    let below = |row: &std::collections::BTreeMap<String, String>| {
        row.get(&joins.id).is_some_and(|id| id.parse::<i64>().is_ok_and(|id| id < 0))
    };
    if table.kept.iter().any(below) {
        skip.push(quoted(&format!("{} < 0", joins.id)));
    }
    let elsewhere: Vec<_> = links
        .iter()
        .filter(|link| joins.read.contains_key(&tables[link.table].name))
        .filter_map(|&link| {
            let other = &tables[link.table];
            Some((link, people::address(other).or_else(|| people::secret(other))?))
        })
        .collect();
    if let Some(by) = kinds::nobody(tables, table, kind.as_ref(), &elsewhere) {
        let mut when: Vec<String> = by.iter().map(|column| format!("{column} == null")).collect();
        for (link, column) in elsewhere {
            let path = joins.path(link, &column.name);
            when.push(format!("{path} == null"));
        }
        let when = list(when.iter().map(String::as_str));
        skip.push(format!("{{ when = {when}, say = \"nothing to sign in with\" }}"));
    }
    let skipped = skip.clone();
    let rules =
        [("skip", skip, "deleted users, guests, and what are no people"), ("note", reasons, "another column decides")];
    let rules = rules.into_iter().filter(|(_, rules, _)| !rules.is_empty());
    let skip: Vec<Line> =
        rules.map(|(key, rules, why)| Line::new(format!("{key} = [{}]", rules.join(", ")), why)).collect();
    if asked.is_empty() && flags.is_empty() {
        let is_skipped = |column: &Column| skipped.iter().any(|rule| rule.contains(&column.name));
        let may_say = |column: &&Column| admission::may_say(column) && !is_skipped(column);
        let found = table.columns.iter().filter(may_say).take(8).map(|column| {
            let what = column.values.as_ref().map(counted).unwrap_or_default();
            format!("`{}` ({what}): {}", column.name, answer(column))
        });
        asked.extend(found);
        if asked.is_empty() {
            if skipped.is_empty() {
                lines.push(Line::new("", "no column says who may sign in: everybody may"));
            }
            return skip;
        }
        asked.push("none of them says it: enabled = true".to_owned());
    }
    if asked.is_empty() {
        let toml = match &flags[..] {
            [one] => format!("enabled = {one}"),
            several => format!("enabled = [{}]", several.join(", ")),
        };
        lines.push(Line::new(toml, whys.join("; ")));
        return skip;
    }
    lines.push(Line::new(format!("enabled = {}", quoted(OPEN)), "what is here may keep somebody out; say how:"));
    for question in asked.iter().take(8) {
        lines.push(Line::new("", format!("  {question}")));
    }
    for flag in flags {
        lines.push(Line::new("", format!("  and surely {flag}")));
    }
    open.push("[user] enabled".to_owned());
    skip
}

/// Whether a column holds the keys of rows of another table, whose name says so: what is below nought is one of them.
fn leads_elsewhere(tables: &[Table], table: &Table, column: &Column) -> bool {
    let Some(stem) = column.bare.strip_suffix("_id").or_else(|| column.bare.strip_suffix("Id")) else { return false };
    let holds = |id: &Column| id.is_unique() && column.among(id) == column.distinct();
    let far = |far: &&Table| far.name != table.name && far.name.to_lowercase().contains(&stem.to_lowercase());
    column.meaning.is_none() && tables.iter().filter(far).any(|far| far.columns.iter().any(holds))
}

/// What rows of a name and a value say under one name, where all of it is understood: as a flag, and why.
fn by_row(other: &Table, link: Link, key: &Column, told: &str, joins: &mut Joins<'_>) -> Option<(String, String)> {
    let meaning = status::meaning(told).filter(|meaning| matches!(meaning, Meaning::Allows | Meaning::Bars))?;
    let is_understood = |text: &str| truth(&Value::Text(text.into())).is_some();
    let (only, value) = rows::setting(other, link, &[told], &is_understood)?;
    let path = joins.apart(link, told, &value, only);
    let way = if meaning == Meaning::Allows { "bool" } else { "not" };
    let why = format!("`{told}` among the `{}` of `{}`", key.name, other.name);
    Some((format!("{{ from = {}, as = \"{way}\" }}", quoted(&path)), why))
}

/// Those words of a state that let in for sure, where most people have one of them: whoever has another word is kept out until
/// somebody says what it means.
fn kept_out(column: &Column) -> Option<(String, String)> {
    let states = |meaning: &Meaning| matches!(meaning, Meaning::State | Meaning::StateOrRegion | Meaning::Allows);
    let meaning = column.meaning.filter(states)?;
    let values = column.values.as_ref()?;
    let unknown = column.unsure + column.beside;
    let numbers = column.numbers > 0 && meaning != Meaning::Allows;
    if unknown == 0 || column.traced > 0 || column.enabled * 2 < column.filled || numbers {
        return None;
    }
    let standing = |word: &str| meaning.read(&Value::Text(word.into()), jiff::Timestamp::UNIX_EPOCH);
    let of = |wanted: &[Standing]| {
        let words = values.keys().map(String::as_str);
        words.filter(|word| wanted.contains(&standing(word))).collect::<Vec<_>>()
    };
    let (yes, unsure) = (of(&[Standing::Enabled]), of(&[Standing::Unsure, Standing::Silent]));
    let named = unsure.iter().map(|word| format!("`{word}` ×{}", number(values[*word]))).collect::<Vec<_>>();
    let why = format!(
        "`{}`: {} may sign in, {} may not; {} not understood and kept out: true_values lets them in",
        column.name,
        number(column.enabled),
        number(column.disabled + column.deleted),
        if named.len() == 1 { format!("{} is", named[0]) } else { format!("{} are", named.join(", ")) },
    );
    Some((list(yes), why))
}

/// The comparison that tells who is gone: a yes, a date, or, where no cell means never, whatever is written.
fn gone(column: &Column, path: &str) -> String {
    match (column.yes, column.enabled) {
        (0, 0) => format!("{path} != null"),
        (0, _) => format!("{path} == date"),
        _ => format!("{path} == true"),
    }
}

/// Whether a column is a status in numbers of the application's own.
fn is_state_by_number(column: &Column) -> bool {
    let is_state = matches!(column.meaning, Some(Meaning::State | Meaning::StateOrRegion));
    is_state && column.unsure > 0 && column.numbers == column.filled
}

/// Whether a column tells of several kinds of users by number: one of them may be those who are kept out.
fn is_kind_by_number(column: &Column) -> bool {
    const KINDS: [&str; 7] = ["usertype", "accounttype", "membertype", "userclass", "userkind", "type", "kind"];
    let name: String = column.bare.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    KINDS.contains(&&*name)
        && column.numbers == column.filled
        && column.values.as_ref().is_some_and(|values| values.len() > 1)
}

/// The column of a table of bans that may say of one that it is over, or is none.
fn lifted(bans: &Table) -> Option<&str> {
    const ENDS: [&str; 9] = ["end", "expire", "until", "exclude", "lift", "revoke", "active", "void", "cancel"];
    let ends = |column: &&Column| {
        let name = column.bare.to_ascii_lowercase();
        // Nothing but nought says of none that it is.
        let said = column.values.as_ref().is_none_or(|values| values.keys().any(|value| value != "0"));
        column.filled > 0 && said && ENDS.iter().any(|end| name.contains(end)) && !column.name.contains("reason")
    };
    bans.columns.iter().find(ends).map(|column| column.name.as_str())
}

/// Whether a column is what people are called: everybody has a value of their own, or an address.
fn names_people(column: &Column, table: &Table) -> bool {
    let words = column.numbers + column.dates == 0 && column.meaning.is_none();
    let own = column.is_unique() && column.filled == table.looked && column.filled >= 3;
    words && (own || column.addresses > 0 && column.addresses * 2 >= column.filled)
}

/// The one number that stands in every row: if it kept somebody out, it would keep out everybody.
fn constant<'c>(column: &'c Column, table: &Table) -> Option<&'c str> {
    let number =
        column.meaning == Some(Meaning::State) && column.unsure == column.filled && column.numbers == column.filled;
    let whole = number && column.filled == table.looked && table.looked >= 2;
    let values = column.values.as_ref().filter(|values| whole && values.len() == 1)?;
    values.keys().next().map(String::as_str)
}

/// Whether a table is about what people have, or prove.
fn is_of_something_else(table: &str) -> bool {
    const ELSE: [&str; 18] = [
        "organi",
        "team",
        "project",
        "workspace",
        "verif",
        "address",
        "subscri",
        "order",
        "payment",
        "invoice",
        "device",
        "session",
        "token",
        "message",
        "post",
        "comment",
        "plan",
        "job",
    ];
    let name = table.to_ascii_lowercase();
    ELSE.iter().any(|word| name.contains(word))
}

/// What is to be asked of the columns of another table that may say it: `how` reads one.
fn questions(other: &Table, asks: &dyn Fn(&Column) -> bool, how: &dyn Fn(&str) -> String) -> Vec<String> {
    // Whoever wrote nothing but yes says nothing against anybody.
    let doubtful = |column: &&Column| column.meaning.is_some() && column.disabled + column.deleted + column.unsure > 0;
    let same = |column: &&Column| constant(column, other).is_none();
    let said = other.columns.iter().filter(doubtful).filter(same).filter(|column| asks(column)).map(|column| {
        let what = column.values.as_ref().map(counted).unwrap_or_default();
        format!("`{}` of `{}` ({what}): {}", column.name, other.name, how(&column.name))
    });
    said.collect()
}

/// Whether a mapping understands the column by its own name, with whatever stands before it.
fn reads_itself(column: &Column) -> bool {
    let last = column.name.rsplit('.').next().unwrap_or(&column.name);
    status::meaning(last) == column.meaning
}

/// A column whose every cell is understood.
fn flag(column: &Column) -> String {
    let from = quoted(&column.name);
    let truths = column.yes + column.no == column.filled;
    match column.meaning {
        Some(Meaning::Allows) if truths => format!("{{ from = {from}, as = \"bool\" }}"),
        Some(Meaning::Bars) if truths => format!("{{ from = {from}, as = \"not\" }}"),
        Some(Meaning::BarsUntil) => format!("{{ from = {from}, as = \"not_future\" }}"),
        Some(meaning @ (Meaning::State | Meaning::StateOrRegion)) if column.values.is_some() => {
            let now = jiff::Timestamp::UNIX_EPOCH;
            let words = column.values.as_ref().map(|values| values.keys().collect::<Vec<_>>()).unwrap_or_default();
            let standing = |word: &String| meaning.read(&Value::Text(word.as_str().into()), now);
            let with = |wanted: &[Standing]| {
                let words = words.iter().filter(|word| wanted.contains(&standing(word)));
                list(words.map(|word| word.as_str()))
            };
            let is_truth = words.iter().any(|word| truth(&Value::Text(word.as_str().into())).is_some());
            let (yes, no) = (with(&[Standing::Enabled]), with(&[Standing::Disabled, Standing::Deleted]));
            match () {
                () if is_truth => format!("{{ from = {from}, as = \"status\" }}"),
                () if yes == "[]" => format!("{{ from = {from}, false_values = {no} }}"),
                () if no == "[]" => format!("{{ from = {from}, true_values = {yes} }}"),
                () => format!("{{ from = {from}, true_values = {yes}, false_values = {no} }}"),
            }
        }
        _ => format!("{{ from = {from}, as = \"status\" }}"),
    }
}
