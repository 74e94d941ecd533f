//! The command line from outside: the real binary, real files, a real server on loopback.

mod bad_input;
mod crate_graph;
mod docs;
mod house;
mod real_data;
mod server;
