#!/bin/sh
# The experiment of an auDeep script, with the options and spellings of the original and another name of the program.
# $1: folder of the corpus. Everything is written below the working directory.
set -eu
corpus=$1

for level in -30 -45 -60 -75; do
    skaudeep preprocess --basedir "$corpus" --parser audeep.backend.parsers.esc.ESCParser \
        --window-width 0.08 --window-overlap 0.04 --mel-spectrum 128 --fixed-length 5 --center-fixed \
        --clip-below "$level" --channels MEAN --output "spectrograms/esc-10$level.nc"
    skaudeep t-rae train --input "spectrograms/esc-10$level.nc" --run-name "output/esc-10$level/t-1x8-x-b" \
        --num-epochs 2 --batch-size 16 --learning-rate 0.001 --keep-prob 0.8 --num-layers 1 --num-units 8 \
        --bidirectional-decoder --cell GRU --checkpoints-to-keep 1 --tempdir "$PWD/tmp" --mask-silence
    skaudeep t-rae generate --model-dir "output/esc-10$level/t-1x8-x-b/logs" --input "spectrograms/esc-10$level.nc" \
        --output "output/esc-10$level/representations.nc" --batch-size 40
done

skaudeep validate --input output/esc-10-60/representations.nc --detailed
skaudeep inspect raw --basedir "$corpus" --parser audeep.backend.parsers.meta.MetaParser
skaudeep inspect netcdf --input output/esc-10-60/representations.nc --instance 3 --detailed-folds
skaudeep mlp evaluate --input output/esc-10-60/representations.nc --cross-validate --shuffle --num-epochs 20 \
    --num-layers 2 --num-units 16 --learning-rate 0.001 --keep-prob 0.6 --repeat 2
skaudeep svm evaluate --input output/esc-10-60/representations.nc --cross-validate --complexity 0.01 --upsample

skaudeep fuse --input output/esc-10-30/representations.nc output/esc-10-45/representations.nc \
    output/esc-10-60/representations.nc output/esc-10-75/representations.nc --output output/fused.nc
skaudeep -q svm evaluate --input output/fused.nc --cross-validate --complexity 0.01

skaudeep export --input output/fused.nc --output output/arff --format ARFF --labels-last --name fused
skaudeep export --input output/fused.nc --output output/csv --format CSV --name fused
skaudeep import --basedir output/csv --name fused --output output/imported.nc
skaudeep import --basedir output/arff --name fused --output output/imported-arff.nc
skaudeep validate --input output/imported.nc

skaudeep modify --input output/imported.nc --remove-cv-setup --output output/plain.nc
skaudeep modify --input output/plain.nc --add-partitioning TRAIN DEVEL TEST --output output/partitioned.nc
skaudeep upsample --input output/partitioned.nc --partitions TRAIN --output output/balanced.nc
skaudeep svm evaluate --input output/partitioned.nc --train-partitions TRAIN --eval-partitions DEVEL --complexity 0.1
skaudeep svm predict --train-input output/balanced.nc --train-partitions TRAIN DEVEL --eval-input output/balanced.nc \
    --eval-partitions TEST --complexity 0.1 --output output/predictions.tsv
skaudeep mlp predict --train-input output/balanced.nc --train-partitions TRAIN --eval-input output/balanced.nc \
    --eval-partitions TEST --num-epochs 5 --num-layers 1 --num-units 8 --upsample --output output/predictions-mlp.tsv

skaudeep preprocess --basedir "$corpus" --window-width 0.08 --window-overlap 0.04 --mel-spectrum 32 --fixed-length 5 \
    --chunk-length 1 --chunk-count 4 --clip-below -60 --clip-above -5 --output spectrograms/chunks.nc
skaudeep t-rae train --input spectrograms/chunks.nc --run-name output/chunks/run --num-epochs 1 --num-units 4
skaudeep t-rae train --input spectrograms/chunks.nc --run-name output/chunks/run --num-epochs 2 --num-units 4 --continue
skaudeep t-rae generate --model-dir output/chunks/run/logs --input spectrograms/chunks.nc \
    --output output/chunks/first.nc output/chunks/second.nc --steps 3 6
skaudeep svm evaluate --input output/chunks/second.nc --cross-validate --complexity 0.01 --majority-vote
skaudeep fuse chunks --input output/chunks/second.nc --output output/chunks/fused.nc
skaudeep visualize tsne --input output/fused.nc --perplexity 5 --learning-rate 100 --output output/tsne.png
