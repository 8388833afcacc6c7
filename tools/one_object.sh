#!/bin/sh
# one_object.sh OUT.a SCRATCH API BASE OTHER...: a static library of one object in which only the
# public interface is global. Everything of the first two archives, what is needed of the others.
set -eu
out=$1
scratch=$2
api=$3
base=$4
shift 4
mkdir -p "$scratch"
ld -r -o "$scratch/all.o" --whole-archive "$api" "$base" --no-whole-archive "$@"
objcopy --localize-hidden "$scratch/all.o" "$scratch/overt.o"
rm -f "$out"
ar rcsD "$out" "$scratch/overt.o"
