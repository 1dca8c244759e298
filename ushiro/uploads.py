"""How a file comes in with a request: in pieces, to a nameless file on the disk, never more than it may be.

Django itself knows no bound for uploaded files. Here one that is too large is read to its end and thrown away, so
that the page can say so beside the others; a request that is too large as a whole is not read at all. A disk that is
full is no fault either: the file arrives with a `flaw`, and the page says what to do.
"""

from __future__ import annotations

import errno
import io
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler


class Received(UploadedFile):
    """One file of a request. flaw: "" or why its bytes are not there: too_large, full, unwritable."""

    def __init__(self, file: BinaryIO | None, name: str, size: int, flaw: str = ""):
        super().__init__(file=file or io.BytesIO(), name=name, size=size)
        self.flaw = flaw


class BoundedHandler(FileUploadHandler):
    """The only upload handler (settings.FILE_UPLOAD_HANDLERS)."""

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *args: Any, **kwargs: Any) -> None:
        if content_length > settings.UPLOAD_REQUEST_BYTES:
            raise RequestDataTooBig("The request holds more than UPLOAD_REQUEST_BYTES.")

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        # Not named `file`: Django would close that attribute, also when there is none.
        self.flaw, self._out = "", None
        try:
            folder = Path(settings.MEDIA_ROOT) / "incoming"  # the disk where it will lie
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._out = tempfile.TemporaryFile(dir=folder)  # it lives as long as the request
        except OSError as error:
            self._drop(error)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self._out is None:
            return
        if start + len(raw_data) > settings.UPLOAD_FILE_BYTES:
            self._drop(None)
            return
        try:
            self._out.write(raw_data)
        except OSError as error:
            self._drop(error)

    def file_complete(self, file_size: int) -> Received:
        if self._out is not None:
            try:
                self._out.seek(0)  # writes what is still in memory
            except OSError as error:
                self._drop(error)
        return Received(self._out, self.file_name, file_size, self.flaw)

    def upload_interrupted(self) -> None:
        if getattr(self, "_out", None) is not None:
            self._out.close()

    def _drop(self, error: OSError | None) -> None:
        full = error is not None and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        self.flaw = "too_large" if error is None else "full" if full else "unwritable"
        if self._out is not None:
            with suppress(OSError):  # what it could not write is thrown away anyway
                self._out.close()
            self._out = None
