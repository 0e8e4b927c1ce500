"""Where text comes from: files, folders, datasets, treebanks."""
