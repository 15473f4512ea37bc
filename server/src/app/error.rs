//! What a use case can report. Status codes are not known here; `http/error.rs` holds them.

use doorstep_store::StoreError;
use doorstep_store::error::AsStoreError;
use serde::Serialize;
use sync_core::calendar::DayError;
use utoipa::ToSchema;

use crate::app::once::Answer;
use crate::ports::BlobError;

/// Result of a use case.
pub type AppResult<T> = Result<T, AppError>;

/// A failed use case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// The request is refused for a reason its sender can understand.
    #[error("refused: {}", .0.code.as_str())]
    Refused(Box<Refusal>),
    /// The database failed or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The blob storage failed.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The request was answered before, and its idempotency key gives the answer again; no failure.
    #[error("answered before")]
    Answered(Box<Answer>),
    /// A defect or broken environment; its text is logged and never sent.
    #[error("internal: {0}")]
    Internal(String),
}

impl AppError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Refused(refusal) => refusal.code,
            Self::Store(StoreError::NotFound) | Self::Blob(BlobError::NotFound) => ErrorCode::NotFound,
            Self::Store(StoreError::Conflict { .. }) => ErrorCode::Conflict,
            Self::Store(StoreError::Stale) => ErrorCode::StaleVersion,
            Self::Store(error) if error.is_disk_full() => ErrorCode::DiskFull,
            Self::Store(error) if error.is_outage() => ErrorCode::Busy,
            Self::Blob(BlobError::HashMismatch { .. }) => ErrorCode::ChecksumMismatch,
            Self::Blob(BlobError::Behind { .. }) => ErrorCode::UploadIncomplete,
            Self::Blob(BlobError::Unreachable(_)) => ErrorCode::Busy,
            Self::Blob(BlobError::Full) => ErrorCode::DiskFull,
            _ => ErrorCode::Internal,
        }
    }

    /// Whether it says that the asker may not come in any more. Every other failure leaves that in doubt.
    #[must_use]
    pub fn ends_access(&self) -> bool {
        matches!(self.code(), ErrorCode::TokenInvalid | ErrorCode::Forbidden)
    }
}

/// Tells an outage, which is everybody's, from an error of what was just worked on.
///
/// # Errors
/// That the database cannot be used at all.
pub fn unless_outage<T>(result: AppResult<T>) -> AppResult<Result<T, AppError>> {
    match result {
        Err(AppError::Store(error)) if error.is_outage() => Err(error.into()),
        other => Ok(other),
    }
}

impl AsStoreError for AppError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<ErrorCode> for AppError {
    fn from(code: ErrorCode) -> Self {
        Refusal::new(code).into()
    }
}

/// The clock or a row tells of a day outside the calendar; days that a request names are judged where it is read.
impl From<DayError> for AppError {
    fn from(error: DayError) -> Self {
        Self::Internal(error.to_string())
    }
}

/// Why a request is refused, in words its sender can act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code.
    pub code: ErrorCode,
    /// What exactly is wrong here, in English; the code's own text where empty.
    pub detail_en: Option<String>,
    /// The same in Chinese.
    pub detail_zh: Option<String>,
    /// The limit that was exceeded.
    pub limit: Option<i64>,
    /// What was sent.
    pub actual: Option<i64>,
    /// When trying again may help, in seconds.
    pub retry_after_s: Option<i64>,
    /// Faulty fields.
    pub fields: Vec<FieldFault>,
}

/// One faulty field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldFault {
    /// Path in the body, for example `phones[0]`.
    pub path: String,
    /// What was expected, in English.
    pub expected: String,
    /// The same in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_zh: Option<String>,
    /// The bound that was passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// What was sent, where it says nothing about anybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// The cell of the sheet that was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "E2")]
    pub cell: Option<String>,
    /// The name of that cell's column.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "type")]
    pub column: Option<String>,
}

impl FieldFault {
    /// A fault of which nothing more is known than what was expected.
    #[must_use]
    pub fn new(path: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            expected: expected.into(),
            expected_zh: None,
            limit: None,
            actual: None,
            cell: None,
            column: None,
        }
    }

    /// The same with what was expected in Chinese.
    #[must_use]
    pub fn both(path: impl Into<String>, expected: impl Into<String>, expected_zh: impl Into<String>) -> Self {
        Self { expected_zh: Some(expected_zh.into()), ..Self::new(path, expected) }
    }
}

impl Refusal {
    /// A refusal with the code's own text.
    #[must_use]
    pub const fn new(code: ErrorCode) -> Self {
        Self {
            code,
            detail_en: None,
            detail_zh: None,
            limit: None,
            actual: None,
            retry_after_s: None,
            fields: Vec::new(),
        }
    }

    /// Says what exactly is wrong, in both languages.
    #[must_use]
    pub fn detail(mut self, en: impl Into<String>, zh: impl Into<String>) -> Self {
        self.detail_en = Some(en.into());
        self.detail_zh = Some(zh.into());
        self
    }

    /// Names limit and actual value.
    #[must_use]
    pub const fn limit(mut self, limit: i64, actual: i64) -> Self {
        self.limit = Some(limit);
        self.actual = Some(actual);
        self
    }

    /// Names what was found, where there is no limit to it.
    #[must_use]
    pub const fn actual(mut self, actual: i64) -> Self {
        self.actual = Some(actual);
        self
    }

    /// Says when trying again may help.
    #[must_use]
    pub const fn retry_after(mut self, secs: i64) -> Self {
        self.retry_after_s = Some(secs);
        self
    }

    /// Adds a faulty field.
    #[must_use]
    pub fn field(self, path: impl Into<String>, expected: impl Into<String>) -> Self {
        self.fault(FieldFault::new(path, expected))
    }

    /// Adds a faulty field with what was expected in both languages.
    #[must_use]
    pub fn both(self, path: impl Into<String>, en: impl Into<String>, zh: impl Into<String>) -> Self {
        self.fault(FieldFault::both(path, en, zh))
    }

    /// Adds a fault of which more is known.
    #[must_use]
    pub fn fault(mut self, fault: FieldFault) -> Self {
        self.fields.push(fault);
        self
    }

    /// Refuses if any field was found faulty.
    ///
    /// # Errors
    /// The refusal itself.
    pub fn into_result(self) -> AppResult<()> {
        if self.fields.is_empty() { Ok(()) } else { Err(self.into()) }
    }
}

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $en:literal, $zh:literal;)+) => {
        /// Stable codes of refusals; a released code never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $text)] $name,)+
        }

        // By hand: the derive does not see a literal that reaches it through a macro.
        impl utoipa::PartialSchema for ErrorCode {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some("Stable codes of refusals; a released code never changes its meaning."))
                    .enum_values(Some([$($text,)+]))
                    .into()
            }
        }

        impl ToSchema for ErrorCode {}

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code as text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// What it means, in English.
            #[must_use]
            pub const fn title_en(self) -> &'static str {
                match self { $(Self::$name => $en,)+ }
            }

            /// What it means, in Chinese.
            #[must_use]
            pub const fn title_zh(self) -> &'static str {
                match self { $(Self::$name => $zh,)+ }
            }
        }
    };
}

error_codes! {
    /// No such thing, or not yours to see.
    NotFound = "not_found", "Nothing is here, or it is not yours to see", "不存在，或您无权查看";
    /// The path exists with another method.
    MethodNotAllowed = "method_not_allowed", "This path does not know this method", "该路径不支持此方法";
    /// No valid access token.
    TokenInvalid = "token_invalid", "The access token is missing, expired or not valid", "访问令牌缺失、过期或无效";
    /// The roles do not allow it.
    Forbidden = "forbidden", "Your role does not allow this", "您的角色无权执行此操作";
    /// Wrong organisation, login or password.
    LoginFailed = "login_failed", "Organisation, login or password is wrong", "组织、账号或密码不正确";
    /// Too many attempts.
    TooManyAttempts = "too_many_attempts", "Too many attempts; wait before trying again", "尝试次数过多，请稍后再试";
    /// The refresh token is not valid.
    RefreshInvalid = "refresh_invalid", "The session has ended; sign in again", "会话已结束，请重新登录";
    /// A used refresh token came again.
    RefreshReused = "refresh_reused", "The session was ended because its token was used twice; sign in again",
        "令牌被重复使用，会话已终止，请重新登录";
    /// The phone is suspended.
    DeviceSuspended = "device_suspended", "This phone is suspended: it may send, and reads nothing until it is reinstated",
        "该设备已被停用：可上传数据，恢复前不可读取";
    /// A device assertion does not verify.
    AssertionInvalid = "assertion_invalid", "The device's signature or nonce is not valid", "设备签名或随机数无效";
    /// The enrolment code is wrong.
    EnrolmentInvalid = "enrolment_invalid", "The enrolment code is not valid", "注册码无效";
    /// Too many wrong enrolment codes.
    EnrolmentLocked = "enrolment_locked", "Too many wrong codes; ask for a new one", "错误次数过多，请重新获取注册码";
    /// The enrolment code is too old.
    EnrolmentExpired = "enrolment_expired", "The enrolment code has expired; ask for a new one", "注册码已过期，请重新获取";
    /// The phone holds the work of another person than the code's.
    EnrolmentForeign = "enrolment_foreign", "This phone holds another person's work; ask for a code of that person",
        "该设备保存着其他人员的工作，请获取该人员的注册码";
    /// The body is no JSON of the expected form.
    BodyInvalid = "body_invalid", "The request body does not have the expected form", "请求内容格式不正确";
    /// A key appears twice.
    JsonDuplicateKey = "json_duplicate_key", "A key appears twice in the JSON body", "JSON 中有重复的键";
    /// The JSON is nested too deeply or has too many parts.
    JsonTooComplex = "json_too_complex", "The JSON body is nested too deeply or has too many items", "JSON 嵌套过深或项目过多";
    /// The media type is not supported.
    MediaTypeUnsupported = "media_type_unsupported", "This content type is not supported here", "不支持该内容类型";
    /// The body is too large.
    BodyTooLarge = "body_too_large", "The request body is too large", "请求内容过大";
    /// A photo or other blob is too large.
    PhotoTooLarge = "photo_too_large", "The file is too large", "文件过大";
    /// A part of a blob has arrived; `actual` says how much.
    UploadIncomplete = "upload_incomplete", "A part of the file has arrived; go on after it", "文件仅部分到达，请从断点继续上传";
    /// The bytes of a resumable upload are not what their checksum says.
    UploadMismatch = "upload_mismatch", "The bytes do not match their checksum; they were not kept", "内容与校验值不一致，未予保留";
    /// The bytes begin elsewhere than where the upload stopped; `actual` and `Upload-Offset` say where that is.
    OffsetConflict = "offset_conflict", "The upload goes on at another place", "上传应从其他位置继续";
    /// The offset is no number.
    OffsetInvalid = "offset_invalid", "The upload offset is missing or not valid", "上传偏移量缺失或无效";
    /// The length is no number, or not what it was.
    UploadLengthInvalid = "upload_length_invalid", "The upload length is missing, contradictory or not valid", "上传长度缺失、矛盾或无效";
    /// The metadata cannot be read.
    UploadMetadataInvalid = "upload_metadata_invalid", "The upload metadata does not have the expected form", "上传元数据格式不正确";
    /// The checksum of a part of an upload cannot be read.
    UploadChecksumInvalid = "upload_checksum_invalid", "The upload checksum is not of a known kind or form", "上传校验值的算法或格式不受支持";
    /// The upload has expired, or its sender ended it.
    UploadExpired = "upload_expired", "This upload has ended without becoming a file; begin it anew", "该上传已终止或过期，请重新开始";
    /// The upload has become a blob, which is never taken back.
    UploadFinished = "upload_finished", "This upload is finished; what was stored stays", "该上传已完成，已存储的内容不可撤回";
    /// Another node goes on with the upload at this moment.
    UploadLocked = "upload_locked", "Another request goes on with this upload just now; ask again", "另一请求正在处理该上传，请稍后再询问";
    /// The device has too many uploads.
    TooManyUploads = "too_many_uploads", "Too many uploads at once; finish or end some first", "同时进行的上传过多，请先完成或终止部分上传";
    /// The visit, or the order, has as many calls as one may have.
    TooManyCalls = "too_many_calls", "So many calls about one visit or order are not kept", "同一上门任务或工单的通话记录过多";
    /// The person reads as many originals as one person may.
    TooManyDownloads = "too_many_downloads", "Too many originals at once; let some end first", "同时读取的原始文件过多，请先等待部分读取结束";
    /// A version of tus that is not ours.
    TusVersionUnsupported = "tus_version_unsupported", "This version of the upload protocol is not supported", "不支持该版本的上传协议";
    /// The preview is not made yet.
    PreviewPending = "preview_pending", "The preview is still being made", "预览正在生成";
    /// There is no preview, and there will be none.
    NoPreview = "no_preview", "There is no preview of this file", "该文件没有预览";
    /// The range lies behind the end of the file.
    RangeInvalid = "range_invalid", "The range lies behind the end of the file", "请求范围超出文件大小";
    /// A sync request is too large.
    SyncBatchTooLarge = "sync_batch_too_large", "The sync request is too large; send it in parts", "同步请求过大，请分批发送";
    /// A sync request has too many items.
    SyncBatchTooMany = "too_many_changes", "The sync request holds too many items; send it in parts", "同步请求条目过多，请分批发送";
    /// The content coding cannot be undone.
    ContentEncodingInvalid = "content_encoding_invalid", "The compressed body cannot be read", "压缩内容无法读取";
    /// The batch seal does not verify.
    SealInvalid = "seal_invalid", "The seal of the request does not verify", "请求签章验证失败";
    /// An offline bundle is too large.
    BundleTooLarge = "bundle_too_large", "The bundle is larger than this server takes", "离线包超过服务器可接收的大小";
    /// Not an offline bundle.
    BundleMalformed = "bundle_malformed", "The file is not an offline bundle, or contradicts itself", "该文件不是离线包，或内容自相矛盾";
    /// An offline bundle is damaged or cut off.
    BundleDamaged = "bundle_damaged", "The bundle is damaged or not complete; copy it again from the phone",
        "离线包已损坏或不完整，请重新从手机拷贝";
    /// An offline bundle was sealed for a key that is not ours.
    BundleKeyUnknown = "bundle_key_unknown", "The bundle was sealed for another server", "离线包是为其他服务器加密的";
    /// An offline bundle belongs to another organisation.
    BundleForeign = "bundle_foreign", "The bundle belongs to another organisation", "离线包属于其他机构";
    /// An offline bundle comes from a phone that is not enrolled here.
    BundleDeviceUnknown = "bundle_device_unknown", "The bundle comes from a phone that is not enrolled here",
        "离线包来自未在此注册的手机";
    /// The device did not sign what an offline bundle holds.
    BundleSealInvalid = "bundle_seal_invalid", "The phone's signature does not cover this bundle", "手机签章与离线包内容不符";
    /// The bytes are not what their name says.
    ChecksumMismatch = "checksum_mismatch", "The bytes do not match their SHA-256", "内容与 SHA-256 不一致";
    /// A path, query or header value is faulty.
    ParameterInvalid = "parameter_invalid", "A parameter does not have the expected form", "参数格式不正确";
    /// The page size is out of range.
    PageSize = "page_size", "The page size is out of range", "每页数量超出范围";
    /// The page token is not ours.
    PageTokenInvalid = "page_token_invalid", "The page token is not valid", "分页标记无效";
    /// A field breaks a rule of the domain.
    Invalid = "invalid", "The request breaks a rule", "请求违反业务规则";
    /// A text names what has no value.
    TextIncomplete = "text_incomplete", "The text lacks values; the fields name them", "文本缺少变量值，见字段列表";
    /// Something with this key exists.
    Conflict = "conflict", "Something with this key exists already", "该键已存在";
    /// The thing was changed meanwhile.
    StaleVersion = "stale_version", "It was changed meanwhile; read it again", "内容已被修改，请重新读取";
    /// Some of the evidence has not arrived.
    EvidenceIncomplete = "evidence_incomplete", "Some of the evidence has not arrived yet", "证据材料尚未全部到达";
    /// A verdict names content that was replaced.
    StaleContent = "stale_content", "The judged content was replaced; look at the new one", "所审内容已更新，请查看最新内容";
    /// An If-Match header is needed.
    PreconditionRequired = "precondition_required", "An If-Match header with the version is needed", "需要携带 If-Match 版本号";
    /// The state does not allow it.
    StateInvalid = "state_invalid", "The current state does not allow this", "当前状态不允许此操作";
    /// Somebody's day is not closed.
    DayOpen = "day_open", "Somebody's day is still open; see to it or say why you sign nevertheless",
        "尚有人员当日未结清，请先处理，或说明仍要签核的原因";
    /// Somebody would be sent without a certificate that the work needs.
    RepNotCertified = "rep_not_certified", "The rep does not hold a certificate that this work needs", "该人员缺少此项工作所需的有效证书";
    /// Somebody would be sent who does not work then.
    RepAbsent = "rep_absent", "The rep does not work at that time", "该人员在此时间请假或离岗";
    /// Somebody would be sent who has enough to do already.
    RepBusy = "rep_busy", "The rep has another visit then, or a full day; confirm it with a reason", "该人员时间冲突或当日已满，请说明理由后确认";
    /// Nobody works on the order for the time being.
    OrderOnHold = "order_on_hold", "The work order is on hold; resume it first", "该工单已挂起，请先恢复";
    /// Somebody else is reviewing it.
    ClaimedByOther = "claimed_by_other", "Somebody else is reviewing this visit", "其他审核员正在审核该工单";
    /// Who executed a visit may not judge it.
    FourEyes = "four_eyes", "Who executed a visit cannot judge it", "执行人不得审核本人的工单";
    /// The idempotency key came with another request.
    IdempotencyMismatch = "idempotency_mismatch", "The idempotency key was used with another request", "幂等键已用于其他请求";
    /// The request with this idempotency key still runs.
    IdempotencyInProgress = "idempotency_in_progress", "A request with this idempotency key still runs; try again",
        "使用该幂等键的请求仍在处理中，请稍后重试";
    /// The link has ended.
    LinkExpired = "link_expired", "The link has ended; ask for a new one", "链接已失效，请重新获取";
    /// The path wants a WebSocket handshake.
    UpgradeRequired = "upgrade_required", "This path is opened with a WebSocket handshake", "该路径需要 WebSocket 握手";
    /// The URL is too long.
    UriTooLong = "uri_too_long", "The URL is too long", "网址过长";
    /// The headers are too many or too large.
    HeadersTooLarge = "headers_too_large", "The request headers are too many or too large", "请求头过多或过大";
    /// The sender stopped sending or is too slow.
    RequestTimeout = "request_timeout", "The request did not arrive in time; send it again", "请求内容未能及时送达，请重新发送";
    /// The process serves as many requests as it can.
    Overloaded = "overloaded", "The server has too many requests at once; try again shortly", "服务器请求过多，请稍后重试";
    /// Too many requests.
    RateLimited = "rate_limited", "Too many requests; wait a little", "请求过于频繁，请稍后";
    /// No connection or writer was free in time.
    Busy = "busy", "The server is busy; try again", "服务器繁忙，请重试";
    /// The process cannot serve requests now.
    NotReady = "not_ready", "This server cannot take requests now; try another, or again", "该服务器暂时无法处理请求，请换一台或稍后重试";
    /// The disk is full.
    DiskFull = "disk_full", "No space is left on the server; nothing was lost on your side", "服务器存储空间不足，您的数据未丢失";
    /// The organisation has stored as much as it may.
    StorageQuota = "storage_quota", "Your organisation has no storage left; nothing was lost on your side", "贵组织的存储配额已用完，您的数据未丢失";
    /// A defect of ours.
    Internal = "internal", "Something failed on our side; it was logged", "服务器内部错误，已记录";
}
