//! How the world as a whole behaves: claims about Skirmish, played through [`Simulation`].
