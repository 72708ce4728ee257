"""The engines that come with Punchin, and the door through which every engine is found."""
