"""Collected static files: named by their content, compressed once."""

from pathlib import Path

from whitenoise.storage import CompressedManifestStaticFilesStorage


class CollectedStorage(CompressedManifestStaticFilesStorage):
    """Compresses only files that pages name, and only after a change: the best compression is slow.

    The copies under plain names are for requests by folder (the tables of pdf.js), and are sent
    uncompressed.
    """

    def stored_name(self, name):
        """The plain name where nothing is collected yet, or the file came later; whitenoise finds
        it.
        """
        plain = self.clean_name(name)
        return super().stored_name(name) if self.hash_key(plain) in self.hashed_files else plain

    def compress_files(self, paths):
        named = set(self.hashed_files.values())
        return super().compress_files(
            [path for path in paths if path in named and not self.is_compressed(path)]
        )

    def is_compressed(self, name):
        # The name holds the content's hash, so what is there is right. Both files get their
        # source's time once they are written whole; a run that was broken off leaves two times, or
        # one file.
        made = [Path(self.path(name + ending)) for ending in (".br", ".gz")]
        return (
            all(file.exists() for file in made)
            and len({file.stat().st_mtime_ns for file in made}) == 1
        )
