# npm-fetch.sh - for the recipes that take a library out of a package of the npm registry, which source it.
# shellcheck shell=bash

fetch() { # PACKAGE SUM FILE: leaves FILE
    local packed
    packed=$(npm pack --loglevel=error --cache "$PWD/npm" "$1" | tail -n 1)
    mv "$packed" "$3"
    echo "$2  $3" | sha256sum -c - || {
        echo "$1 is not the one that was checked: its SHA-256 should be $2."
        exit 1
    }
}
