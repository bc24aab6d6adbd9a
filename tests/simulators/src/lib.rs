//! Outside systems over real HTTP, for tests and by hand: they behave as their makers describe them, fail on command, and
//! remember what they were asked. They know nothing of the kinds that are tested against them.
