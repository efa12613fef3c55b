//! Lines that fit a screen: sentences are cut at blanks, and commands as a shell reads them in several lines.

/// Cuts a sentence into lines of at most `width` characters, at blanks.
#[must_use]
pub fn folded(sentence: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in sentence.split(' ') {
        let line = lines.last_mut().map_or(0, |l| l.chars().count());
        if line > 0 && line + 1 + word.chars().count() > width {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// The same for a command, whose words are quoted for a POSIX shell: each line but the last ends with a backslash.
#[must_use]
pub fn continued(command: &str, width: usize) -> Vec<String> {
    if command.chars().count() <= width {
        return vec![command.to_owned()];
    }
    // A blank within quotes is part of its word.
    let mut quoted = false;
    let held = command.replace(
        |c: char| {
            quoted ^= c == '\'';
            quoted && c == ' '
        },
        "\0",
    );
    let mut lines = folded(&held, width.saturating_sub(2));
    let last = lines.len() - 1;
    lines[..last].iter_mut().for_each(|line| line.push_str(" \\"));
    lines.into_iter().map(|line| line.replace('\0', " ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_in_several_lines_is_the_same_command() {
        let command = "rehome import 'my users of the shop.json' --unsupported bridge --bridge-key-file KEY";
        assert_eq!(continued(command, 100), [command]);
        let lines = continued(command, 50);
        assert_eq!(
            lines,
            ["rehome import 'my users of the shop.json' \\", "--unsupported bridge --bridge-key-file KEY"]
        );
        assert_eq!(lines.join("\n").replace(" \\\n", " "), command);
        assert!(lines.iter().all(|line| line.chars().count() <= 50));
    }
}
