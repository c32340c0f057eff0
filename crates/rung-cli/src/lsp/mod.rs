//! `rung lsp`: what the linter knows, in an editor.
//!
//! One thread reads messages; what changes is looked at again when no message waits any more. A question that goes wrong
//! is answered with an error, and takes nothing else with it.

mod actions;
mod answers;
mod documents;
mod inbox;
mod place;
mod wire;
mod workspace;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use lsp_types::notification::{
    DidChangeConfiguration, DidChangeTextDocument, DidChangeWatchedFiles, DidCloseTextDocument, DidCreateFiles,
    DidDeleteFiles, DidOpenTextDocument, DidRenameFiles, DidSaveTextDocument, Exit as ExitNotification,
    Notification as Noticed, PublishDiagnostics,
};
use lsp_types::request::{
    CodeActionRequest, DocumentSymbolRequest, GotoDefinition, HoverRequest, RegisterCapability, Request as Asked,
    Shutdown,
};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, DidChangeWatchedFilesRegistrationOptions,
    FileOperationFilter, FileOperationPattern, FileOperationRegistrationOptions, FileSystemWatcher, GlobPattern,
    HoverProviderCapability, InitializeParams, OneOf, PublishDiagnosticsParams, Registration, RegistrationParams,
    SaveOptions, ServerCapabilities, ServerInfo, TextDocumentSyncCapability, TextDocumentSyncKind,
    TextDocumentSyncOptions, TextDocumentSyncSaveOptions, WorkspaceFileOperationsServerCapabilities,
    WorkspaceFoldersServerCapabilities, WorkspaceServerCapabilities,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::inbox::{Came, Inbox};
use self::workspace::Workspace;
use crate::args::{Arguments, Lsp};
use crate::exit::Exit;
use crate::render::Failure;

/// Whoever types is let finish a word.
const PAUSE: Duration = Duration::from_millis(80);

/// Serves an editor on standard input and output until it says that it is done.
///
/// # Errors
/// What comes is no language server protocol.
pub(crate) fn lsp(arguments: &Arguments, options: &Lsp) -> Result<Exit, Failure> {
    let (connection, writer) = wire::stdio();
    let broken = |error: &dyn std::fmt::Display| {
        let message = format!("what came on standard input is no language server protocol: {error}");
        Failure::new(Exit::Failed, message, "an editor starts `rung lsp` by itself: docs/editors.md has its settings")
    };
    let (id, parameters) = connection.initialize_start().map_err(|error| broken(&error))?;
    let parameters: InitializeParams = serde_json::from_value(parameters).map_err(|error| broken(&error))?;
    let answer = serde_json::json!({ "capabilities": capabilities(), "serverInfo": server() });
    connection.initialize_finish(id, answer).map_err(|error| broken(&error))?;
    let mut server =
        Server { workspace: Workspace::new(arguments, options, &parameters.capabilities), connection: &connection };
    if server.workspace.can_watch {
        server.watch();
    }
    let clean = server.serve();
    drop(server);
    drop(connection);
    // Nobody is left to be told.
    let _ = writer.join();
    Ok(if clean { Exit::Done } else { Exit::Failed })
}

fn server() -> ServerInfo {
    ServerInfo { name: "rung".to_owned(), version: Some(env!("CARGO_PKG_VERSION").to_owned()) }
}

fn capabilities() -> ServerCapabilities {
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions { include_text: Some(false) })),
            ..TextDocumentSyncOptions::default()
        })),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
            ..CodeActionOptions::default()
        })),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            file_operations: Some(WorkspaceFileOperationsServerCapabilities {
                did_create: Some(any_file()),
                did_rename: Some(any_file()),
                did_delete: Some(any_file()),
                ..WorkspaceFileOperationsServerCapabilities::default()
            }),
        }),
        ..ServerCapabilities::default()
    }
}

/// To be told of every file, and every folder of files.
fn any_file() -> FileOperationRegistrationOptions {
    let pattern = FileOperationPattern { glob: "**/*".to_owned(), ..FileOperationPattern::default() };
    FileOperationRegistrationOptions { filters: vec![FileOperationFilter { scheme: Some("file".to_owned()), pattern }] }
}

struct Server<'c> {
    workspace: Workspace,
    connection: &'c Connection,
}

impl Server<'_> {
    /// Says whether the editor took its leave.
    fn serve(&mut self) -> bool {
        let mut inbox = Inbox::new(self.connection);
        let (mut changed, mut leaving) = (false, false);
        loop {
            match inbox.next(changed.then_some(PAUSE)) {
                Came::Gone => return false,
                Came::Nothing => {
                    changed = false;
                    self.publish();
                }
                Came::Message(Message::Request(request)) if leaving => {
                    let late = "the editor has taken its leave".to_owned();
                    let answer = Response::new_err(request.id, ErrorCode::InvalidRequest as i32, late);
                    self.send(Message::Response(answer));
                }
                Came::Message(Message::Request(request)) if request.method == Shutdown::METHOD => {
                    leaving = true;
                    self.send(Message::Response(Response::new_ok(request.id, ())));
                }
                Came::Message(Message::Request(request)) => self.answer(request),
                Came::Message(Message::Notification(told)) if told.method == ExitNotification::METHOD => {
                    return leaving;
                }
                Came::Message(Message::Notification(told)) => changed |= self.notice(told),
                Came::Message(Message::Response(_)) => {}
            }
        }
    }

    fn send(&self, message: Message) {
        // An editor that is gone is seen where messages are received.
        let _ = self.connection.sender.send(message);
    }

    fn answer(&mut self, request: Request) {
        let id = request.id.clone();
        let workspace = &mut self.workspace;
        let answered = catch_unwind(AssertUnwindSafe(|| match request.method.as_str() {
            HoverRequest::METHOD => asked::<HoverRequest>(request, |asked| workspace.hover(&asked)),
            CodeActionRequest::METHOD => asked::<CodeActionRequest>(request, |asked| workspace.actions(&asked)),
            DocumentSymbolRequest::METHOD => asked::<DocumentSymbolRequest>(request, |asked| workspace.symbols(&asked)),
            GotoDefinition::METHOD => asked::<GotoDefinition>(request, |asked| workspace.definition(&asked)),
            method => {
                let message = format!("there is no {method} here");
                Response::new_err(request.id, ErrorCode::MethodNotFound as i32, message)
            }
        }));
        self.send(Message::Response(
            answered
                .unwrap_or_else(|panic| Response::new_err(id, ErrorCode::InternalError as i32, said(panic.as_ref()))),
        ));
    }

    /// Says whether something is to be looked at again.
    fn notice(&mut self, notification: Notification) -> bool {
        let workspace = &mut self.workspace;
        let method = notification.method.clone();
        let parameters = notification.params;
        let noticed = catch_unwind(AssertUnwindSafe(|| match method.as_str() {
            DidOpenTextDocument::METHOD => noticed::<DidOpenTextDocument>(parameters, |it| workspace.opened(it)),
            DidChangeTextDocument::METHOD => noticed::<DidChangeTextDocument>(parameters, |it| workspace.changed(it)),
            DidCloseTextDocument::METHOD => noticed::<DidCloseTextDocument>(parameters, |it| workspace.closed(&it)),
            DidSaveTextDocument::METHOD
            | DidChangeWatchedFiles::METHOD
            | DidChangeConfiguration::METHOD
            | DidCreateFiles::METHOD
            | DidRenameFiles::METHOD
            | DidDeleteFiles::METHOD
            | "workspace/didChangeWorkspaceFolders" => {
                workspace.forget();
                true
            }
            _ => false,
        }));
        noticed.unwrap_or(false)
    }

    fn publish(&mut self) {
        let workspace = &mut self.workspace;
        let found = catch_unwind(AssertUnwindSafe(|| workspace.diagnostics())).unwrap_or_default();
        for (uri, version, diagnostics) in found {
            let parameters = PublishDiagnosticsParams { uri, diagnostics, version };
            self.send(Message::Notification(Notification::new(PublishDiagnostics::METHOD.to_owned(), parameters)));
        }
    }

    /// Asks to be told of files that change behind the editor's back.
    fn watch(&self) {
        let watcher = |glob: &str| FileSystemWatcher { glob_pattern: GlobPattern::String(glob.to_owned()), kind: None };
        let options = DidChangeWatchedFilesRegistrationOptions {
            watchers: ["**/*.sql", "**/rung.toml", "**/.env"].map(watcher).to_vec(),
        };
        let registration = Registration {
            id: "files".to_owned(),
            method: DidChangeWatchedFiles::METHOD.to_owned(),
            register_options: serde_json::to_value(options).ok(),
        };
        let parameters = RegistrationParams { registrations: vec![registration] };
        let request = Request::new("watch".to_owned().into(), RegisterCapability::METHOD.to_owned(), parameters);
        self.send(Message::Request(request));
    }
}

/// Answers a question, or says what is wrong with it.
fn asked<R: Asked>(request: Request, answer: impl FnOnce(R::Params) -> R::Result) -> Response
where
    R::Params: DeserializeOwned,
    R::Result: Serialize,
{
    match serde_json::from_value(request.params) {
        Ok(parameters) => Response::new_ok(request.id, answer(parameters)),
        Err(error) => Response::new_err(request.id, ErrorCode::InvalidParams as i32, error.to_string()),
    }
}

/// Takes in a notification that can be read; nobody can be told of one that can't.
fn noticed<N: Noticed>(parameters: serde_json::Value, take: impl FnOnce(N::Params)) -> bool
where
    N::Params: DeserializeOwned,
{
    serde_json::from_value(parameters).map(take).is_ok()
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("rung could not answer this: {}", text.unwrap_or("nothing is known of why"))
}
