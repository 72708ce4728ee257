"""Files by key: uploads and outputs, in a local folder or an object store, and signed addresses for them.

files = FileStore.open(folder)                          or "s3://bucket/prefix"
files.put("up/1f/song.wav", chunks, max_bytes=10**9)    streaming; whole or not there at all
files.open_range("up/1f/song.wav", 0, 65536)            an iterator of bytes
files.address("up/1f/song.wav", "GET", 3600)            at the store itself; None for a folder
signer = Signer(signing_key(home))
token = signer.sign("GET", "up/1f/song.wav", expires_at_s)
"""

from punchin.filestore.files import MEDIA_TYPES, FileStore, media_type
from punchin.filestore.keys import check_key, key_name
from punchin.filestore.secret import signing_key
from punchin.filestore.signing import Grant, Signer
from punchin.filestore.tally import Stored

__all__ = [
    "MEDIA_TYPES",
    "FileStore",
    "Grant",
    "Signer",
    "Stored",
    "check_key",
    "key_name",
    "media_type",
    "signing_key",
]
