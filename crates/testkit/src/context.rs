//! A context for kinds under test, in memory. It starts no worker and opens no store.
