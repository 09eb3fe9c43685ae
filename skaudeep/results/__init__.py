"""What folders of experiments and of training runs hold beside data sets and models: names of files, and records.

`files` says what files are called, `experiment`, `training` and `evaluation` read and write records. Like `stages` of
experiments they are for other parts of the package.
"""
