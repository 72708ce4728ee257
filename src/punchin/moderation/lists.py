"""Where the list of glin-profanity is changed for music, and why.

The list (416 English entries, LDNOOBW and additions) was made for chat rooms. Read entry by entry in November
2026: it flags genres, playing techniques, dynamics and song titles, and it lacks everyday inflections. What a
label or a broadcaster would call explicit stays: sexual words, slurs, strong swearing.
"""

from __future__ import annotations


def _listed(text: str) -> frozenset[str]:
    return frozenset(entry.strip() for entry in text.split(","))


INNOCENT = _listed(
    """babeland, bareback, barenaked, bastinado, birdlock, bollocks, bs, busty, butt, domination, erotic,
    escort, eunuch, fecal, fingering, grope, hardcore, hoe, homoerotic, hooker, humping,
    intercourse, jackass, kinky, knobbing, lmfao, lolita, lovemaking, mf, negro, nude, nudity, omfg,
    panties, panty, pissed, playboy, poof, poon, rectum, sadism, santorum, scat, scissoring, sexy,
    shrimping, simp, skeet, snatch, snowballing, spunk, stfu, suck, sucks, swinger, testbad01,
    topless, tosser, tushy, twink, twinkie, undressing, voyeur, wtf, xx, xxx"""
)
"""Entries that are not flagged: music ("scat", "fingering", "mf", "hardcore"), people, mild words."""

PHRASES = _listed(
    """ball gag, big tits, black cock, blow job, blow your load, date rape, deep throat, doggy style,
    double penetration, eat my ass, fudge packer, gang bang, gay sex, group sex, hand job, jack off,
    jail bait, jerk off, nig nog, phone sex, piece of shit, raging boner, spread legs, white power"""
)
"""The entries of several words that are kept. The others are everyday words ("girl on", "tied up",
"tainted love") or names of practices that nobody sings by chance, and cost three quarters of the time."""

ADDED = _listed(
    """arseholes, assholes, bitchin, blow jobs, blowjobs, bullshitting, cocksuckers, cocksucking, cunts,
    dickhead, dickheads, dicks, dildos, fag, faggots, fags, fucked, fuckers, fucks, handjobs, horny,
    kikes, masturbating, masturbation, motherfuckers, motherfuckin, motherfucking, niggas, niggaz,
    niggers, orgasms, orgies, penises, pussies, raped, rapes, rapists, rim job, shits, shitting,
    sluts, slutty, spics, trannies, twats, vaginas, wanker, wankers, wanking, whore, whores"""
)
"""What the list lacks: mostly plurals and other inflections of its own entries."""
