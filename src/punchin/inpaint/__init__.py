"""The whole thing: a song, what is asked of it, an engine, and a file to write; in eight steps.

    1 check    everything that can be refused before the slow part
    2 cut      read the hole with its pre- and post-roll from the file
    3 conform  to the engine's rate and channels
    4 fill     the engine makes new sound for the hole
    5 return   to the song's rate and channels; keep exactly the hole
    6 join     level and tone to the music on both sides, crossfades inside the hole; measure the seams
    7 splice   write the file; outside stays as it was
    8 prove    hashes and differences of everything outside → Take with its Receipt

The promise is kept here, whatever the engine returns: only the frames of the hole are ever written.
"""

from punchin.inpaint.session import Session, inpaint, inpaint_each_take

__all__ = ["Session", "inpaint", "inpaint_each_take"]
