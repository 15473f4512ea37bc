//! `backup`, `restore` and `admin rotate-key`.

use std::process::ExitCode;

use doorstep_store::organisations::{insert_signing_key, retire_signing_keys};
use sync_core::ids::EpochId;

use super::print::{err_line, out_line};
use super::serve::{clock, prepare};
use crate::adapters::system::SystemRandom;
use crate::app::AppError;
use crate::auth::keys::Purpose;
use crate::backup::{BackupPlan, RestorePlan, back_up, restore as restore_backup};
use crate::boot;
use crate::cli::{BackupArgs, KeyPurpose, RestoreArgs, RotateKeyArgs};
use crate::ports::{Random, new_id};

/// Makes a backup.
pub(super) fn backup(args: BackupArgs) -> Result<ExitCode, String> {
    let config = prepare(&args.server)?;
    let (directory, programs, copies) = (args.directory, args.pg_bin, args.copy);
    let now = clock(args.server.clock.as_deref())?.now();
    let plan = BackupPlan { config, directory, programs, copies, now };
    boot::block_on(async move {
        let made = back_up(&plan, &say).await.map_err(|error| error.to_string())?;
        out_line!("backed up to {}: {} blobs, {} bytes", plan.directory.display(), made.blobs, made.blob_bytes);
        Ok(ExitCode::SUCCESS)
    })
}

/// Restores a backup.
pub(super) fn restore(args: RestoreArgs) -> Result<ExitCode, String> {
    let config = prepare(&args.server)?;
    let now = clock(args.server.clock.as_deref())?.now();
    let epoch = EpochId(new_id(now, &SystemRandom));
    let (directory, programs, replaces) = (args.directory, args.pg_bin, args.replace);
    let plan = RestorePlan { config, directory, programs, replaces, epoch, now };
    boot::block_on(async move {
        let restored = restore_backup(&plan, &say).await.map_err(|error| error.to_string())?;
        out_line!("restored {} blobs and the database of {}", restored.blobs, restored.made_at.to_rfc3339());
        out_line!("epoch {} (before: {})", restored.epoch, restored.previous);
        if let Some(aside) = restored.aside {
            out_line!("what was there before is kept as {aside}");
        }
        out_line!("start the server; every phone offers again what it had sent since; `doorstep verify` tells what is");
        out_line!("still out / 请启动服务；各手机会自动补传备份之后的内容；`doorstep verify` 列出尚未补回的部分");
        out_line!(
            "what was revoked or disabled since the backup (devices, people, keys) is in force again: revoke it anew"
        );
        out_line!("备份之后被吊销或停用的设备、人员和密钥已重新生效：请立即再次吊销或停用");
        out_line!(
            "enter reassigned, cancelled and closed visits again only once `doorstep verify` lists no unheard device:"
        );
        out_line!("until then work that was on time would count as late");
        out_line!(
            "备份之后的改派、取消和关闭，请待 `doorstep verify` 不再列出未联系的设备后重新录入，否则按时完成的工作会被记为迟到"
        );
        Ok(ExitCode::SUCCESS)
    })
}

fn say(text: &str) {
    err_line!("{text}");
}

/// Makes a new key of the server and ends the signing of the one in force.
pub(super) fn rotate_key(args: RotateKeyArgs) -> Result<ExitCode, String> {
    let config = prepare(&args.server)?;
    let purpose = match args.purpose {
        KeyPurpose::Evidence => Purpose::Evidence,
        KeyPurpose::Access => Purpose::Access,
        KeyPurpose::Bundle => Purpose::Bundle,
    };
    let random: &dyn Random = &SystemRandom;
    let (seed, now) = (random.bytes32(), clock(args.server.clock.as_deref())?.now());
    let revoked = args.revoke.then_some(now.0);
    boot::block_on(async move {
        let store = boot::open_store(&config).await.map_err(|error| error.to_string())?;
        let rotated = store.write(move |conn| {
            let retired = retire_signing_keys(conn, purpose.as_str(), now.0, revoked)?;
            let row = boot::key_row(purpose, &seed, now.0);
            insert_signing_key(conn, &row)?;
            Ok::<_, AppError>((retired, row.kid))
        });
        let (retired, kid) = rotated.await.map_err(|error| error.to_string())?;
        for old in retired {
            out_line!("{}  {old}", if revoked.is_some() { "revoked" } else { "retired" });
        }
        out_line!("in force from now on  {kid}");
        out_line!("server processes take it up within seconds / 各服务进程会在数秒内启用");
        Ok(ExitCode::SUCCESS)
    })
}
