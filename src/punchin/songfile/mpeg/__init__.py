"""MPEG audio Layer III as bytes: headers, side information, the walk from frame to frame, the info tag.

Sources: ISO/IEC 11172-3 (MPEG-1, 2.4.1 and 2.4.2), ISO/IEC 13818-3 (MPEG-2, half the rates), and the
"MPEG-2.5" extension to a quarter of the rates, which is no standard but which every decoder knows.
"""

from punchin.songfile.mpeg.header import GRANULE, Form, Header
from punchin.songfile.mpeg.infotag import InfoTag, InfoTagKind
from punchin.songfile.mpeg.sideinfo import SideInfo
from punchin.songfile.mpeg.stream import MpegStream
from punchin.songfile.mpeg.walk import FrameTable, walk

__all__ = [
    "GRANULE",
    "Form",
    "FrameTable",
    "Header",
    "InfoTag",
    "InfoTagKind",
    "MpegStream",
    "SideInfo",
    "walk",
]
