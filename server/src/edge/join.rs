//! From the WebSocket to a seat in a room: waits for the hello, requests a seat from the lobby, and
//! hands the WebSocket to the shard; or refuses the client with the reason.

use tickwire_game::ids::Subject;
use tickwire_game::protocol::{DisconnectReason, JoinError, ServerMessage};
use tickwire_host::hello::{HelloError, Identity, JoinRequest};
use tickwire_host::{Admission, Command, PeerKey, PendingJoin, SessionReport, Transport};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::{Span, debug};

use super::context::EdgeContext;
use super::farewell::drain_and_close;
use super::first_message::hello;
use super::peer::ClientKey;
use crate::lobby_task::LobbyRequest;
use crate::transport::websocket::WebSocketTransport;

/// Joins one client to a room, or refuses it with the reason. The hello must arrive by `deadline`.
pub(super) async fn join(
    context: &EdgeContext,
    mut websocket: Box<WebSocketTransport>,
    client: ClientKey,
    deadline: Instant,
) {
    let request = hello(context, &mut websocket, deadline).await;
    // Boxed, so that the task stays small while it waits for the hello.
    Box::pin(answer(context, websocket, client, request)).await;
}

async fn answer(
    context: &EdgeContext,
    mut websocket: Box<WebSocketTransport>,
    client: ClientKey,
    request: Result<JoinRequest, HelloError>,
) {
    let error = match request {
        Ok(request) => {
            let peer = peer_key(context, client, &request.identity);
            let opener = (!client.is_uncapped).then_some(peer);
            match find_seat(context, &request, peer, opener).await {
                Ok(admission) => {
                    return hand_over(context, websocket, peer, request, admission).await;
                }
                Err(refusal) => {
                    context.log_refused_opener(peer, &refusal);
                    HelloError::Refused(refusal)
                }
            }
        }
        Err(error) => error,
    };
    let end = match error {
        HelloError::Refused(refusal) => {
            debug!(%refusal, "refused");
            context.server.metrics.count_refusal(&refusal);
            let mut message = Vec::with_capacity(16);
            ServerMessage::Refused(refusal).encode(&mut message);
            websocket.send(&message);
            DisconnectReason::Refused
        }
        HelloError::Ended(end) => end,
    };
    close(context, websocket, end).await;
}

/// Who a client is to limits and logs: the subject of its ticket, or else its address.
fn peer_key(context: &EdgeContext, client: ClientKey, identity: &Identity) -> PeerKey {
    match identity {
        Identity::Subject(subject) => context.peer_of_subject(subject),
        Identity::Guest => client.key,
    }
}

/// Whom the ticket names, for the game and for who comes back. The same number for both: it is a keyed
/// hash, and known to nobody else.
fn subject_of(identity: &Identity, peer: PeerKey) -> Option<Subject> {
    matches!(identity, Identity::Subject(_)).then_some(Subject(peer.0))
}

async fn find_seat(
    context: &EdgeContext,
    request: &JoinRequest,
    peer: PeerKey,
    opener: Option<PeerKey>,
) -> Result<Admission, JoinError> {
    let (reply, answer) = oneshot::channel();
    let (role, room, resume) = (request.role, request.room.clone(), request.resume);
    let subject = subject_of(&request.identity, peer);
    let join = LobbyRequest::Join { role, room, opener, subject, resume, reply };
    // Without a lobby, or without a reply from it, the server is shutting down.
    let sent = context.server.lobby.send(join);
    sent.map_err(|_| JoinError::Closing)?;
    answer.await.unwrap_or(Err(JoinError::Closing))
}

/// Moves the WebSocket to the shard of the room. Bytes that the client sent early move with it, in
/// its buffer.
async fn hand_over(
    context: &EdgeContext,
    mut websocket: Box<WebSocketTransport>,
    peer: PeerKey,
    request: JoinRequest,
    admission: Admission,
) {
    let Admission { session, shard, resumed, .. } = admission;
    let JoinRequest { name, replays, identity, .. } = request;
    let subject = subject_of(&identity, peer);
    debug!(session = session.0, resumed, %identity, "joins");
    websocket.expect_inputs();
    let lost = admission.lost();
    if websocket.leave_runtime().is_err() {
        report_lost(context, lost);
        return context.server.metrics.count_end(DisconnectReason::Fault);
    }
    if let Some(socket) = websocket.detached() {
        context.server.shards[shard].hold(socket);
    }
    let (transport, span) = (websocket as Box<dyn Transport>, Span::current());
    let pending = PendingJoin { transport, admission, peer, subject, name, replays, span };
    let sent = context.server.shards[shard].send(Command::Join(Box::new(pending)));
    if let Err(Command::Join(pending)) = sent {
        // A shard ends only when the server shuts down, or for another to take its place.
        report_lost(context, lost);
        let mut websocket = WebSocketTransport::downcast(pending.transport);
        // Unless the keeper has shut it down meanwhile, and counted it.
        if websocket.take_back() {
            close(context, websocket, DisconnectReason::Closing).await;
        }
    }
}

/// The lobby hears of an admission that did not reach its shard.
fn report_lost(context: &EdgeContext, lost: Option<SessionReport>) {
    if let Some(report) = lost {
        // Without a lobby the server is shutting down.
        let _ = context.server.lobby.send(LobbyRequest::Session(report));
    }
}

async fn close(
    context: &EdgeContext,
    mut websocket: Box<WebSocketTransport>,
    end: DisconnectReason,
) {
    context.server.metrics.count_end(end);
    debug!(%end, "ended before joining a room");
    if end != DisconnectReason::Lost {
        websocket.close(end);
        drain_and_close(websocket).await;
    }
}
