//! [`RoomList`]: the list of rooms as JSON, made a few times per second and shared by all requests.
//!
//! The lobby lists the rooms, and the routes serve the list. Without this each request would make the
//! lobby sort and list all rooms.

use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::{Mutex, oneshot};
use tokio::time::Instant;

use crate::limits::ROOM_LIST_AGE_MAX;
use crate::lobby_task::{LobbyRequest, LobbySender};

/// The last list. The lock is held while the lobby is asked, so that it is asked once for all
/// requests that wait.
#[derive(Debug, Default)]
pub(crate) struct RoomList(Mutex<Option<(Instant, Bytes)>>);

impl RoomList {
    /// The list of rooms as JSON, at most [`ROOM_LIST_AGE_MAX`] old.
    pub(crate) async fn json(&self, lobby: &LobbySender) -> Bytes {
        let mut last = self.0.lock().await;
        if let Some((made, json)) = &*last
            && made.elapsed() < ROOM_LIST_AGE_MAX
        {
            return json.clone();
        }
        let (reply, answer) = oneshot::channel();
        // Without a lobby there are no rooms.
        let _ = lobby.send(LobbyRequest::List { reply });
        let rooms = answer.await.unwrap_or_default();
        let json = serde_json::to_vec(&rooms).expect("plain values can be serialised");
        let json = Bytes::from(json);
        *last = Some((Instant::now(), json.clone()));
        json
    }
}

const _: () = assert!(ROOM_LIST_AGE_MAX.as_millis() < Duration::from_secs(1).as_millis());

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_lobby_lists_its_rooms_once_for_all_requests_and_a_few_times_per_second() {
        let (lobby, mut requests) = mpsc::unbounded_channel();
        let list = Arc::<RoomList>::default();
        let asked = tokio::spawn(async move {
            let mut asked = 0;
            while let Some(LobbyRequest::List { reply }) = requests.recv().await {
                asked += 1;
                tokio::time::sleep(Duration::from_millis(1)).await;
                let _ = reply.send(Vec::new());
            }
            asked
        });
        for _ in 0..10 {
            let asking = (0..100).map(|_| {
                let (list, lobby) = (Arc::clone(&list), lobby.clone());
                tokio::spawn(async move { list.json(&lobby).await })
            });
            for asking in asking.collect::<Vec<_>>() {
                assert_eq!(asking.await.expect("no panic"), "[]");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        drop(lobby);
        let asked = asked.await.expect("no panic");
        assert!((2..=4).contains(&asked), "{asked} times in a second");
    }

    #[tokio::test]
    async fn a_request_that_goes_away_leaves_the_list_to_the_next() {
        let (lobby, mut requests) = mpsc::unbounded_channel();
        let list = Arc::<RoomList>::default();
        let gone = {
            let (list, lobby) = (Arc::clone(&list), lobby.clone());
            tokio::spawn(async move { list.json(&lobby).await })
        };
        let first = requests.recv().await;
        gone.abort();
        assert!(gone.await.is_err());
        let next = tokio::spawn(async move { list.json(&lobby).await });
        let Some(LobbyRequest::List { reply }) = requests.recv().await else { panic!("no list") };
        let _ = reply.send(Vec::new());
        assert_eq!(next.await.expect("no panic"), "[]");
        drop(first);
    }
}
