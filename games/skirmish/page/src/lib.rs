//! The wasm of Skirmish's page.

use tickwire_web as _;
