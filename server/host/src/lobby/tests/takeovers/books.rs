//! What must hold of a story: at each moment, once all has been delivered, and when all is over.

use super::*;

impl Story {
    /// No session is in two places.
    pub(super) fn check_places(&self) {
        let mut seen = BTreeSet::new();
        for (session, room, _) in self.shell.seated() {
            assert!(seen.insert(session), "session {} is twice in {room:?}", session.0);
        }
    }

    /// What the lobby counts is what the shards have, once all has been delivered.
    pub(super) fn check_books(&self) {
        let (shell, lobby) = (&self.shell, &self.shell.lobby);
        let seated = shell.seated();
        let places: BTreeSet<_> = seated.iter().copied().collect();
        let booked: Vec<_> =
            (0..SHARDS).flat_map(|shard| lobby.sessions.seated_on(shard)).collect();
        for tab in self.clients.iter().flat_map(|client| &client.tabs) {
            // Unless somebody has asked since and was lost, its newest token alone is good.
            let is_newest =
                |it: &&Seated| (it.session, it.resumptions) == (tab.session, tab.resumptions);
            if tab.is_welcome && booked.iter().any(|it| is_newest(&it)) {
                let of_session =
                    self.tokens.iter().filter(|(token, _)| token.session() == tab.session);
                let good = of_session
                    .filter(|(token, role)| lobby.sessions.find(*token, *role, None).is_some());
                assert_eq!(good.count(), 1, "tokens of session {}", tab.session.0);
            }
        }
        let booked: BTreeSet<_> =
            booked.iter().map(|it| (it.session, it.room, it.role == Role::Player)).collect();
        assert_eq!(booked, places, "sessions");
        let players = seated.iter().filter(|(.., plays)| *plays).count();
        assert_eq!((lobby.people(), lobby.players()), (seated.len(), players));
        for shard in 0..SHARDS {
            let rooms: BTreeSet<_> = lobby.directory.rooms_of(shard).into_iter().collect();
            assert_eq!(rooms, shell.rooms_of(shard).into_iter().collect(), "rooms");
            for room in rooms {
                let of = |plays| seated.iter().filter(|it| (it.1, it.2) == (room, plays)).count();
                let (listed, players, spectators) =
                    (lobby.directory.room(room), of(true), of(false));
                assert_eq!(usize::from(listed.players), players, "{}", listed.name);
                assert_eq!(listed.spectators as usize, spectators, "{}", listed.name);
                assert_eq!(usize::from(shell.people_of(room)), players, "{}", listed.name);
            }
        }
        assert_eq!(shell.waiting(), 0);
    }

    /// Nobody is anywhere, and no way back is open.
    pub(super) fn check_nothing(&mut self) {
        self.check_books();
        let lobby = &mut self.shell.lobby;
        assert_eq!((lobby.people(), lobby.players(), lobby.rooms()), (0, 0, 0));
        for subject in (0..CLIENTS as u64).map(Subject) {
            assert_eq!(lobby.sessions.absent_of(subject).count(), 0);
        }
        for (token, role) in &self.tokens {
            assert_eq!(lobby.sessions.find(*token, *role, None), None, "a token is still good");
        }
    }

    /// Rooms go to the shard with the fewest people and rooms: of none, to each in turn.
    pub(super) fn check_loads(&mut self) {
        let Shell { lobby, now, .. } = &mut self.shell;
        if lobby.admits_newcomers() != Err(JoinError::Closing) {
            let open = |shard: usize| {
                let room = RequestedRoom::named(format!("last-{shard}"));
                lobby.admit(&SeatRequest::guest(Role::Player, &room, None), *now)
            };
            let shards: Vec<_> =
                (0..SHARDS).map(open).map(|admitted| admitted.expect("a seat").shard).collect();
            assert_eq!(shards, [0, 1], "nobody is on any shard");
        }
    }
}
