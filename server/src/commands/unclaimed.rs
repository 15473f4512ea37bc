//! `admin list-unclaimed`.

use std::process::ExitCode;

use doorstep_store::Conn;
use doorstep_store::unclaimed::{UnclaimedRow, list_unclaimed};

use super::print::out_line;
use super::refit::organisation;
use super::serve::{clock, prepare};
use crate::app::AppError;
use crate::boot;
use crate::cli::ListUnclaimedArgs;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// Rows read at once.
const PAGE: i64 = 500;

/// Prints what no visit and no intent names.
pub(super) fn list(args: &ListUnclaimedArgs) -> Result<ExitCode, String> {
    let config = prepare(&args.server)?;
    let now_ms = clock(args.server.clock.as_deref())?.now().0;
    let before_ms = now_ms.saturating_sub(i64::from(args.older_than_days).saturating_mul(DAY_MS));
    boot::block_on(async move {
        let store = boot::open_for_reading(&config).await.map_err(|error| error.to_string())?;
        let of = organisation(&store, args.organisation.as_deref()).await?;
        let (org, mut after, mut files, mut bytes) = (of.id.0, None::<UnclaimedRow>, 0_u64, 0_i64);
        loop {
            let behind = after.take();
            let page =
                move |conn: &mut Conn| Ok::<_, AppError>(list_unclaimed(conn, org, before_ms, behind.as_ref(), PAGE)?);
            let rows = store.read(page).await.map_err(|error| error.to_string())?;
            for row in &rows {
                let days = now_ms.saturating_sub(row.received_at_ms) / DAY_MS;
                let (device, sha256) = (row.device_id, row.sha256);
                out_line!("{days} days, {} bytes, {}, device {device}, {sha256}", row.bytes, row.media_type);
                files += 1;
                bytes = bytes.saturating_add(row.bytes);
            }
            after = rows.into_iter().next_back();
            if after.is_none() {
                break;
            }
        }
        out_line!(
            "{}: {files} files, {bytes} bytes that nothing names / {files} 个文件未被引用，共 {bytes} 字节",
            of.code
        );
        Ok(ExitCode::SUCCESS)
    })
}
