//! Plots as inline SVG. Lengths across are percentages and texts are in pixels, so that a plot fits a phone without
//! shrinking its letters. Every plot says in words what it shows.

use std::fmt::Write as _;

use super::e;
use crate::report::escape;
use crate::report::figures::{count, duration, rate};

/// A horizontal bar.
pub struct Bar<'b> {
    /// The text before the bar.
    pub label: String,
    /// The value that the bar is as long as.
    pub value: f64,
    /// What it stands for, at the right.
    pub text: String,
    /// The class that colours it.
    pub tone: &'b str,
}

/// Letters of a label at most, and of a label with its text for both to fit one line of a phone.
const LABEL: usize = 40;

/// Bars below one another, the longest across the whole width.
pub fn bars(id: &str, title: &str, bars: &[Bar<'_>]) -> String {
    let longest = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let mut marks = String::new();
    let mut y = 0_usize;
    for bar in bars {
        let label = escape::shown(&bar.label, LABEL);
        let own_line = label.chars().count() + bar.text.chars().count() > LABEL;
        let text_y = y + 13 + if own_line { 17 } else { 0 };
        let width = if bar.value > 0.0 { (bar.value / longest * 100.0).max(0.3) } else { 0.0 };
        let _ = write!(
            marks,
            "<g class=\"{}\"><text x=\"0\" y=\"{}\">{}</text>\
             <text class=\"soft\" x=\"100%\" y=\"{text_y}\" text-anchor=\"end\">{}</text>\
             <rect class=\"track\" x=\"0\" y=\"{bar_y}\" width=\"100%\" height=\"10\" rx=\"2\"/>\
             <rect class=\"bar\" x=\"0\" y=\"{bar_y}\" width=\"{width:.2}%\" height=\"10\" rx=\"2\"/></g>",
            bar.tone,
            y + 13,
            e(&label),
            e(&bar.text),
            bar_y = text_y + 6,
        );
        y = text_y + 27;
    }
    let words: Vec<_> = bars.iter().map(|bar| format!("{}: {}", bar.label, bar.text)).collect();
    figure(id, title, &words.join("; "), y.saturating_sub(8), &marks)
}

/// Columns side by side over named places.
pub fn columns(id: &str, title: &str, columns: &[(String, u64)]) -> String {
    const HEIGHT: f64 = 130.0;
    // Half a label stands out at either end.
    const MARGIN: f64 = 3.0;
    let highest = columns.iter().map(|(_, n)| *n).max().unwrap_or_default().max(1);
    let step = (100.0 - 2.0 * MARGIN) / columns.len().max(1) as f64;
    // Eight labels fit a phone.
    let every = columns.len().div_ceil(8).max(1);
    let mut marks = String::new();
    for (i, (label, n)) in columns.iter().enumerate() {
        let height = *n as f64 / highest as f64 * HEIGHT;
        let x = MARGIN + i as f64 * step;
        let _ = write!(
            marks,
            "<rect class=\"bar\" x=\"{:.2}%\" y=\"{:.1}\" width=\"{:.2}%\" height=\"{height:.1}\"/>",
            x + step * 0.1,
            24.0 + HEIGHT - height,
            step * 0.8,
        );
        if i % every == 0 {
            let _ = write!(
                marks,
                "<text class=\"soft\" x=\"{:.2}%\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                x + step / 2.0,
                HEIGHT + 42.0,
                e(label),
            );
        }
    }
    let _ = write!(
        marks,
        "<line class=\"axis\" x1=\"0\" x2=\"100%\" y1=\"154.5\" y2=\"154.5\"/>\
         <text class=\"soft\" x=\"0\" y=\"13\">highest: {}</text>",
        count(highest)
    );
    let words: Vec<_> = columns.iter().map(|(label, n)| format!("{label}: {}", count(*n))).collect();
    figure(id, title, &words.join("; "), 180, &marks)
}

/// A quantity a second over the time of a run, from its sums in slots.
pub fn timeline(id: &str, title: &str, unit: &str, slots: &[u64], seconds_a_slot: u32, tone: &str) -> String {
    let pace: Vec<f64> = slots.iter().map(|n| *n as f64 / f64::from(seconds_a_slot.max(1))).collect();
    let highest = pace.iter().copied().fold(0.0, f64::max);
    let mut path = "M0 100".to_owned();
    for (i, value) in pace.iter().enumerate() {
        let y = if highest > 0.0 { 100.0 - value / highest * 100.0 } else { 100.0 };
        let _ = write!(path, "V{y:.1}H{}", i + 1);
    }
    path.push_str("V100Z");
    let total = slots.len() as u64 * u64::from(seconds_a_slot);
    let at = pace.iter().position(|value| *value >= highest).unwrap_or_default() as u64 * u64::from(seconds_a_slot);
    let marks = format!(
        "<text class=\"soft\" x=\"0\" y=\"13\">highest: {} {unit}</text>\
         <svg class=\"{tone}\" x=\"0\" y=\"24\" width=\"100%\" height=\"120\" viewBox=\"0 0 {} 100\" preserveAspectRatio=\"none\">\
         <path class=\"area\" d=\"{path}\"/></svg>\
         <line class=\"axis\" x1=\"0\" x2=\"100%\" y1=\"144.5\" y2=\"144.5\"/>\
         <text class=\"soft\" x=\"0\" y=\"162\">start</text>\
         <text class=\"soft\" x=\"50%\" y=\"162\" text-anchor=\"middle\">{}</text>\
         <text class=\"soft\" x=\"100%\" y=\"162\" text-anchor=\"end\">{}</text>",
        e(&rate(highest)),
        slots.len().max(1),
        e(&duration(total / 2)),
        e(&duration(total)),
    );
    let mut sorted = pace.clone();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let words = format!(
        "over {}: highest {} {unit}, {} after the start; half of the time at least {}",
        duration(total),
        rate(highest),
        duration(at),
        rate(median)
    );
    figure(id, title, &words, 168, &marks)
}

/// The parts of a whole, side by side.
pub fn stack(id: &str, title: &str, parts: &[(&str, String, u64)]) -> String {
    let whole = parts.iter().map(|(_, _, n)| n).sum::<u64>().max(1);
    let mut marks = String::from("<rect class=\"track\" x=\"0\" y=\"0\" width=\"100%\" height=\"22\" rx=\"3\"/>");
    let mut x = 0.0;
    for (tone, _, n) in parts.iter().filter(|(_, _, n)| *n > 0) {
        // Somebody is always visible, at the cost of a hair's breadth of the others.
        let width = (*n as f64 / whole as f64 * 100.0).max(0.4).min(100.0 - x);
        let _ = write!(marks, "<rect class=\"bar {tone}\" x=\"{x:.2}%\" y=\"0\" width=\"{width:.2}%\" height=\"22\"/>");
        x += width;
    }
    let words: Vec<_> = parts.iter().map(|(_, text, _)| text.clone()).collect();
    figure(id, title, &words.join("; "), 22, &marks)
}

fn figure(id: &str, title: &str, words: &str, height: usize, marks: &str) -> String {
    // Words may be long (every year, every scheme): they are not cut as values of a table are.
    let words = words.chars().take(4_000).collect::<String>();
    let words: String = words.split("; ").map(e).collect::<Vec<_>>().join("; ");
    format!(
        "<figure>\n<figcaption>{title}</figcaption>\n<svg role=\"img\" aria-labelledby=\"{id}-t {id}-d\" height=\"{height}\">\
         <title id=\"{id}-t\">{title}</title><desc id=\"{id}-d\">{words}</desc>{marks}</svg>\n</figure>\n",
        title = e(title),
    )
}
