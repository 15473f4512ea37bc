//! OPTIONS `/v1/uploads` and `/v1/uploads/{upload_id}`

use actix_web::{HttpResponse, web};
use sync_core::ids::UploadId;

use crate::app::AppState;
use crate::app::uploads::Checksum;
use crate::http::openapi::PublicProblems;
use crate::http::tus;

/// What a page of another origin may send.
const PREFLIGHT: [(&str, &str); 3] = [
    ("access-control-allow-methods", "POST, HEAD, PATCH, DELETE, OPTIONS"),
    (
        "access-control-allow-headers",
        "Authorization, Content-Type, Tus-Resumable, Upload-Length, Upload-Defer-Length, Upload-Offset, Upload-Metadata, \
         Upload-Checksum, X-HTTP-Method-Override, X-Requested-With, X-Request-ID, Accept-Language",
    ),
    ("access-control-max-age", "86400"),
];

/// Tells what can be asked of uploads
///
/// Version, extensions, largest size and checksums of the upload protocol; also what a browser asks before it sends for
/// a page of another origin.
#[utoipa::path(options, path = "/v1/uploads", operation_id = "show_upload_options", tag = "uploads",
    responses(
        (status = 204, description = "What is served",
            headers(("Tus-Version" = String, description = "Versions"),
                ("Tus-Extension" = String, description = "Extensions"),
                ("Tus-Max-Size" = u64, description = "Largest size of a whole"),
                ("Tus-Checksum-Algorithm" = String, description = "Algorithms of `Upload-Checksum`"))),
        PublicProblems))]
pub async fn show_upload_options(state: web::Data<AppState>) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    response.insert_header((tus::TUS_VERSION, tus::VERSION));
    response.insert_header(("tus-extension", tus::EXTENSIONS));
    response.insert_header(("tus-max-size", state.config.limits.blob_bytes));
    response.insert_header(("tus-checksum-algorithm", Checksum::ALGORITHMS));
    for header in PREFLIGHT {
        response.insert_header(header);
    }
    response.finish()
}

/// Tells what can be asked of one upload
///
/// The same as for all of them, whether there is such an upload or not.
#[utoipa::path(options, path = "/v1/uploads/{upload_id}", operation_id = "show_one_upload_options", tag = "uploads",
    params(("upload_id" = UploadId, Path, description = "The upload")),
    responses((status = 204, description = "What is served"), PublicProblems))]
pub async fn show_one_upload_options(state: web::Data<AppState>) -> HttpResponse {
    show_upload_options(state).await
}
