//! Rooms that open with settings of the client that opens them.

use super::*;

/// The room of this name, with these settings if it opens.
fn with(name: &str, settings: &str) -> RequestedRoom {
    RequestedRoom::Named { name: name.to_owned(), settings: Some(settings.to_owned()) }
}

impl Desk {
    /// The same as [`Desk::enter`], with what was chosen of the size of the level in a room that opens.
    fn enters(
        &mut self,
        client: u64,
        room: RequestedRoom,
    ) -> Result<(Admission, Vec<Option<usize>>), JoinError> {
        for seat in self.seats.try_iter() {
            self.lobby.leave(seat, self.now);
        }
        let admission = self
            .lobby
            .admit(&SeatRequest::guest(Role::Player, &room, Some(PeerKey(client))), self.now)?;
        let chosen = |order: RoomOrder<Settings>| order.settings.map(|chosen| chosen.level_bytes);
        Ok((admission, self.lobby.take_orders().map(chosen).collect()))
    }
}

#[test]
fn a_room_opens_with_the_settings_that_were_chosen_for_it() {
    let mut desk = Desk::new(4);
    let (own, opened) = desk.enters(1, with("own", r#"{"level_bytes":7}"#)).expect("it may");
    assert_eq!(opened, [Some(7)]);
    let (plain, opened) = desk.enters(1, RequestedRoom::named("plain")).expect("it may");
    assert_eq!(opened, [None]);
    desk.leave(plain);
    // Once it is gone, its name is as any.
    desk.leave(own);
    desk.now += Duration::from_secs(60);
    desk.lobby.retire(desk.now);
    assert_eq!(desk.retired().len(), 2);
    let (_, opened) = desk.enters(2, RequestedRoom::named("own")).expect("it may");
    assert_eq!(opened, [None]);
}

#[test]
fn settings_for_a_room_that_is_there_are_ignored() {
    let mut desk = Desk::new(4);
    let _stays = desk.enters(1, with("own", r#"{"level_bytes":7}"#)).expect("it may");
    for settings in [r#"{"level_bytes":8}"#, r#"{"gravity":1}"#, "[[[[", ""] {
        let (_, opened) = desk.enters(2, with("own", settings)).expect("it is open");
        assert_eq!(opened, [], "{settings}");
    }
}

#[test]
fn a_room_whose_settings_are_refused_is_not_opened_and_counts_for_nobody() {
    let mut desk = Desk::new(1);
    let held = desk.join(1, "held").expect("there is space");
    desk.leave(held);
    for _ in 0..2 * OWN_ROOMS_PER_MINUTE_DEFAULT {
        let refusal = desk.enters(2, with("own", r#"{"gravity":1}"#)).expect_err("there is none");
        assert!(matches!(refusal, JoinError::SettingNotAllowed(_)), "{refusal:?}");
    }
    assert_eq!((desk.lobby.rooms(), desk.lobby.rooms_opened()), (1, 1), "the one that is held");
    assert_eq!(desk.lobby.rooms_evicted(), 0, "none makes way for it");
    assert!(desk.enters(2, with("own", "{}")).is_ok());
}

#[test]
fn rooms_with_chosen_settings_count_as_all_that_a_client_opens() {
    let mut desk = Desk::new(256);
    let settings = r#"{"level_bytes":7}"#;
    let _held: Vec<_> = (0..SHARE)
        .map(|at| desk.enters(1, with(&format!("own-{at}"), settings)).expect("its share"))
        .collect();
    let refusal = desk.enters(1, with("more", settings)).expect_err("somebody is in each");
    assert_eq!(refusal, JoinError::OwnRoomsMax);
}
