//! Steps of exports: damages strike where they were meant to, and nothing else changes.
