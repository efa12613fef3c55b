#!/usr/bin/env bash
# Perl's Authen::Passphrase 0.008 (Debian 12), "hashed passwords as objects" in any crypt(3) form, knows neither SHA-crypt nor any bcrypt but $2a$.
#
# Seen: `from_crypt` dies with "unrecognised crypt scheme" at $5$ and $6$ (what Linux has written for a decade and a half), at $2b$ and $2y$ (every bcrypt that PHP, Python or
# OpenBSD writes today) and at $y$. The system's crypt() verifies all of them. The same bcrypt with its letters changed to $2a$ is verified, as
# they differ in nothing for passwords of under 256 bytes. DES, $1$, phpass and {SSHA} are read.
# Guessed before: that it lacks $2b$ and $2y$ alone, which are newer than it.
set -euo pipefail
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null && command -v perl >/dev/null || { echo "skipped: needs apt-get, dpkg-deb and perl"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/debs/partial" "$work/tree"
apt-get install -y -qq --download-only --no-install-recommends -o Debug::NoLocking=1 \
  -o Dir::State::status=/dev/null -o Dir::Cache::archives="$work/debs" libauthen-passphrase-perl=0.008-3 >/dev/null 2>&1
for deb in "$work"/debs/lib*-perl_*.deb; do dpkg-deb -x "$deb" "$work/tree"; done
libraries=$(find "$work/tree/usr/share" "$work/tree/usr/lib" -type d \( -path '*/share/perl5' -o -path '*/perl5/5.*' \) -prune | paste -sd:)
PERL5LIB="$libraries" perl - <<'P'
use strict;
use warnings;
use Authen::Passphrase;
my $password = "Correct-Horse-9";
my %seen;
for my $setting ('$1$saltsalt$', 'ab', '$2a$05$abcdefghijklmnopqrstuu', '$2b$05$abcdefghijklmnopqrstuu', '$2y$05$abcdefghijklmnopqrstuu', '$5$saltsalt$', '$6$saltsalt$', '$y$j75$saltsalt$') {
    my $hash = crypt($password, $setting);
    die "this system's crypt() does not know $setting" unless $hash && crypt($password, $hash) eq $hash;
    my $object = eval { Authen::Passphrase->from_crypt($hash) };
    my $why = $@ =~ /^(unrecognised crypt scheme)/ ? $1 : $@;
    my $answer = $object ? ($object->match($password) ? "verified" : "not verified") : $why;
    print substr($hash, 0, 4), " ... $answer\n";
    $seen{$setting} = $answer;
    if ($setting =~ /^\$2b/) {
        (my $renamed = $hash) =~ s/^\$2b/\$2a/;
        die "renamed to \$2a\$ it is not verified\n" unless Authen::Passphrase->from_crypt($renamed)->match($password);
    }
}
my @read = sort grep { $seen{$_} eq "verified" } keys %seen;
my @refused = sort grep { $seen{$_} eq "unrecognised crypt scheme" } keys %seen;
die "read: @read\n" unless "@read" eq '$1$saltsalt$ $2a$05$abcdefghijklmnopqrstuu ab';
die "refused: @refused\n" unless "@refused" eq '$2b$05$abcdefghijklmnopqrstuu $2y$05$abcdefghijklmnopqrstuu $5$saltsalt$ $6$saltsalt$ $y$j75$saltsalt$';
P
