#!/usr/bin/env bash
# Puts the files of a commit into a directory of their own, which is emptied first.
#
#   ci/at-commit.sh COMMIT DIRECTORY
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

rm -rf "$2"
mkdir -p "$2"
# Files as of now, or cargo would take what it built of another commit there for theirs.
git archive "$1" | tar --extract --touch --directory="$2"
