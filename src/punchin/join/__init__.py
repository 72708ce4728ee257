"""New sound joined to a song: matched to it, crossfaded inside the hole, in the song's own sample format."""

from punchin.join.joining import Joined, join
from punchin.join.settings import JoinSettings

__all__ = ["JoinSettings", "Joined", "join"]
